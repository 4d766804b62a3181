import { describe, expect, it } from 'vitest';
import { parseOptions } from '#local/options.ts';

describe('the arguments of npm start', () => {
  it.each([
    [[], { port: 8000, json: false, platform: 'embedded' }],
    [['--port', '9000'], { port: 9000, json: false, platform: 'embedded' }],
    [['--port=0', '--json'], { port: 0, json: true, platform: 'embedded' }],
    [['--platform', 'rabbit-redis'], { port: 8000, json: false, platform: 'rabbit-redis' }],
  ])('%j start the system', (args, start) => {
    expect(parseOptions(args)).toEqual({ start });
  });

  it.each([['-1'], ['65536'], ['80a'], [''], ['1e3'], ['8000.5']])('refuse the port «%s» in one sentence', (port) => {
    const parsed = [parseOptions([`--port=${port}`]), parseOptions(['--port', port])];

    const fault = `--port must be a whole number from 0 to 65535, not "${port}".`;
    expect(parsed).toEqual([{ fault }, { fault }]);
  });

  it('refuse an unknown platform in one sentence', () => {
    expect(parseOptions(['--platform', 'kafka'])).toEqual({
      fault: '--platform must be embedded or rabbit-redis, not "kafka".',
    });
  });

  it.each([
    [['--prot', '9000'], '--prot'],
    [['9000'], '9000'],
    [['--port'], '--port'],
    [['--json=yes'], '--json'],
  ])('%j are refused in one line that names the culprit', (args, culprit) => {
    const parsed = parseOptions(args);

    expect(parsed).toEqual({ fault: expect.stringMatching(/^[^\n]+\. Try --help\.$/) });
    expect(parsed).toEqual({ fault: expect.stringContaining(culprit) });
  });

  it('explain themselves', () => {
    const parsed = parseOptions(['--help']);

    expect(parsed).toEqual({ help: expect.stringMatching(/--port.*--json.*--help/s) });
  });
});
