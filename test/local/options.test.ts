import { describe, expect, it } from 'vitest';
import { parseOptions } from '#local/options.ts';

describe('the arguments of npm start', () => {
  const usual = {
    port: 8000,
    json: false,
    platform: 'sqlite',
    dataFolder: '.modelyard',
    modelFolders: [],
    isDurable: false,
    isWatching: true,
  };

  it.each([
    [[], usual],
    [['--port', '9000'], { ...usual, port: 9000 }],
    [['--port=0', '--json'], { ...usual, port: 0, json: true }],
    [['--platform', 'rabbit-redis'], { ...usual, platform: 'rabbit-redis' }],
    [['--platform', 'aws'], { ...usual, platform: 'aws' }],
    [['--data', '/srv/data', '--durable'], { ...usual, dataFolder: '/srv/data', isDurable: true }],
    [['--models', 'here', '--models', 'there'], { ...usual, modelFolders: ['here', 'there'] }],
    [['--no-watch'], { ...usual, isWatching: false }],
    [['--memory'], { ...usual, dataFolder: undefined }],
  ])('%j start the system', (args, start) => {
    expect(parseOptions(args)).toEqual({ start });
  });

  it.each([
    [['--memory', '--data', 'x'], '--memory and --data exclude each other.'],
    [['--memory', '--durable'], '--memory and --durable exclude each other.'],
    [['--data='], '--data must name a folder.'],
    [['--platform', 'aws', '--data', 'x'], '--data is for the platform sqlite, not for aws.'],
    [['--platform', 'rabbit-redis', '--memory'], '--memory is for the platform sqlite, not for rabbit-redis.'],
    [['--platform', 'aws', '--durable'], '--durable is for the platform sqlite, not for aws.'],
  ])('%j contradict themselves', (args, fault) => {
    expect(parseOptions(args)).toEqual({ fault });
  });

  it.each([['-1'], ['65536'], ['80a'], [''], ['1e3'], ['8000.5']])('refuse the port «%s» in one sentence', (port) => {
    const parsed = [parseOptions([`--port=${port}`]), parseOptions(['--port', port])];

    const fault = `--port must be a whole number from 0 to 65535, not "${port}".`;
    expect(parsed).toEqual([{ fault }, { fault }]);
  });

  it('refuse an unknown platform in one sentence', () => {
    expect(parseOptions(['--platform', 'kafka'])).toEqual({
      fault: '--platform must be one of sqlite, aws, rabbit-redis, not "kafka".',
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
