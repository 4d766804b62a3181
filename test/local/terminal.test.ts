import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { parseLine } from '#gateway/log-event.ts';
import { eachLine } from '#local/instance-process.ts';
import { createTerminal } from '#local/terminal.ts';

interface Screen {
  readonly isTTY?: boolean;
  readonly colours?: number;
}

function screen({ isTTY = false, colours = 1 }: Screen = {}) {
  const output = Object.assign(new PassThrough(), { isTTY, getColorDepth: () => colours });
  return { output, text: () => String(output.read() ?? '') };
}

const EVENT = {
  level: 'info',
  time: Date.UTC(2026, 10, 21, 12),
  message: 'task succeeded',
  fields: { task: 'a1', ms: 3 },
} as const;

describe('the terminal', () => {
  it('prints one aligned line per event: the time, who, the sentence, the fields', () => {
    const { output, text } = screen();
    const terminal = createTerminal({ output, json: false });

    terminal.print('gateway', EVENT);
    terminal.print('model_a-1', {
      ...EVENT,
      level: 'error',
      message: 'setup failed',
      fields: { reason: 'no weights' },
    });

    const lines = text().trimEnd().split('\n');
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d\.000 gateway +task succeeded {2}task=a1 ms=3$/);
    expect(lines[1]).toMatch(/^\d\d:\d\d:\d\d\.000 model_a-1 +ERROR setup failed {2}reason="no weights"$/);
    expect(lines[0]?.indexOf('task succeeded')).toBe(lines[1]?.indexOf('setup failed'));
  });

  it('says the reason of an error once', () => {
    const { output, text } = screen();
    const terminal = createTerminal({ output, json: false });

    terminal.print('model_a-1', {
      ...EVENT,
      level: 'error',
      message: 'No weights today.',
      fields: { error: { name: 'Error', message: 'No weights today.', stack: 'Error: No weights today.' }, code: 7 },
    });

    expect(text().trimEnd()).toMatch(/ERROR No weights today\. {2}code=7$/);
  });

  it('keeps an event on one line, whatever characters its texts hold', () => {
    const { output, text } = screen();
    const terminal = createTerminal({ output, json: false });

    terminal.print('gateway', { ...EVENT, message: 'one\ntwo\u001b[2J\u0007', fields: { data: 'a\nb\u009bc' } });

    const line = text();
    expect(line.indexOf('\n')).toBe(line.length - 1);
    expect(line.trimEnd()).not.toMatch(/\p{Cc}/u);
    expect(line).toContain('one\\ntwo');
  });

  it('uses colours only where the screen has them', () => {
    const coloured = screen({ isTTY: true, colours: 8 });
    const plain = screen({ isTTY: true, colours: 1 });
    const piped = screen({ isTTY: false, colours: 8 });

    for (const { output } of [coloured, plain, piped]) createTerminal({ output, json: false }).print('gateway', EVENT);

    expect(coloured.text()).toContain('\u001b[');
    expect(plain.text()).not.toContain('\u001b[');
    expect(piped.text()).not.toContain('\u001b[');
  });

  it('prints events as JSON lines that name their source', () => {
    const { output, text } = screen({ isTTY: true, colours: 8 });
    const terminal = createTerminal({ output, json: true });

    terminal.print('model_a-1', EVENT);
    terminal.announce(
      'gateway',
      { ...EVENT, message: 'ready', fields: { url: 'http://localhost:8000' } },
      'for people',
    );

    expect(
      text()
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      {
        level: 'info',
        time: '2026-11-21T12:00:00.000Z',
        source: 'model_a-1',
        message: 'task succeeded',
        task: 'a1',
        ms: 3,
      },
      {
        level: 'info',
        time: '2026-11-21T12:00:00.000Z',
        source: 'gateway',
        message: 'ready',
        url: 'http://localhost:8000',
      },
    ]);
  });

  it('shows what an error says, with the frames that an author can change', () => {
    const forPeople = screen();
    const forPrograms = screen();
    const error = Object.assign(new TypeError('fetch failed'), { code: 'ECONNREFUSED' });

    createTerminal({ output: forPeople.output, json: false }).logger('gateway').error('no queue', { error });
    createTerminal({ output: forPrograms.output, json: true }).logger('gateway').error('no queue', { error });

    expect(forPeople.text()).toMatch(/ERROR no queue {2}error="fetch failed"\n +at .*terminal\.test\.ts:\d+:\d+\)?\n/);
    expect(forPeople.text()).not.toMatch(/node_modules|node:internal/);
    expect(JSON.parse(forPrograms.text()).error).toMatchObject({
      name: 'TypeError',
      message: 'fetch failed',
      code: 'ECONNREFUSED',
      stack: expect.stringContaining('terminal.test.ts'),
    });
  });

  it('leaves debug events out unless they are asked for', () => {
    const { output, text } = screen();

    createTerminal({ output, json: true }).logger('gateway').debug('detail');
    createTerminal({ output, json: true, debug: true }).logger('gateway').debug('asked for');

    expect(text()).toContain('asked for');
    expect(text()).not.toContain('detail');
  });
});

describe('a line of an instance', () => {
  it('is an event when it is a JSON object with a message', () => {
    const event = parseLine('{"level":"WARN","time":"2026-11-21T12:00:00Z","message":"slow","ms":7}', 'stdout', 1);

    expect(event).toEqual({ level: 'warn', time: EVENT.time, message: 'slow', fields: { ms: 7 } });
  });

  it.each(['loading weights', '{"half": ', '[1, 2]', '{"no": "message"}', '42'])('is text otherwise: %s', (line) => {
    expect(parseLine(line, 'stdout', 1)).toEqual({ level: 'info', time: 1, message: line, fields: {} });
    expect(parseLine(line, 'stderr', 1).level).toBe('warn');
  });

  it('is whole however the stream was cut, the last one without an end included', async () => {
    const stream = new PassThrough();
    const lines: string[] = [];
    eachLine(stream, (line) => lines.push(line));
    const bytes = Buffer.from('{"message":"grüße\u2028 ok"}\r\n\nsecond\nlast');

    for (const byte of bytes) stream.write(Uint8Array.of(byte));
    stream.end();
    await new Promise((resolve) => stream.once('end', resolve));

    expect(lines).toEqual(['{"message":"grüße\u2028 ok"}', 'second', 'last']);
  });
});
