import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';
import { freePort } from '#test/support/server-process.ts';
import { type Answering, inState, problem, startScriptedApi, succeed } from './scripted-api.ts';
import type { Summary } from './summary.ts';

const ENTRY = fileURLToPath(new URL('../load.ts', import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'modelyard-load-'));
});
afterAll(() => rm(folder, { recursive: true }));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `npm run load -- …` without npm. Reports go to the folder of this file. */
function start(
  args: readonly string[],
  into = folder,
): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const child = spawn(process.execPath, [ENTRY, '--into', into, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]).then(
    ([stdout, stderr, [code]]) => ({ code: Number(code), stdout, stderr }),
  );
  return { child, ended };
}

const run = (...args: readonly string[]): Promise<Ended> => start(args).ended;

/** Resolves when a progress line matches. */
function untilTold({ stderr }: ChildProcess, pattern: RegExp): Promise<void> {
  return new Promise((resolve) => stderr?.on('data', (chunk) => pattern.test(String(chunk)) && resolve()));
}

async function report(): Promise<Summary> {
  const { summary } = JSON.parse(await readFile(join(folder, 'load.json'), 'utf8')) as { summary: Summary };
  return summary;
}

describe('npm run load', () => {
  it('measures, tells how far it is each second, writes both reports, and ends with 0', async () => {
    await using api = await startScriptedApi({});

    const { code, stdout, stderr } = await run('--url', api.url, '--rate', '20', '--seconds', '1.5');

    expect(stderr).toMatch(
      /^\d+ s: \d+ of 30 sent, \d+ succeeded, 0 did not, \d+ under way; lately p50 [\d.]+ ms, p99 [\d.]+ ms/,
    );
    expect(stdout).toMatch(/^model_a at http\S+, 20 a second for 1.5 s\n {2}succeeded {4}30 of 30 \(100 %\)/);
    expect(stdout).toMatch(/latency ms {3}p50 [\d.]+, p90 [\d.]+, p99 [\d.]+, max [\d.]+/);
    expect(stdout).toContain(join(folder, 'load.html'));
    expect(await report()).toMatchObject({ requests: 30, succeeded: 30, body: '{"data":"example"}', errors: [] });
    expect(await readFile(join(folder, 'load.html'), 'utf8')).toContain('Load on model_a');
    expect(code).toBe(0);
  });

  it('counts what did not succeed by its status, and still ends with 0', async () => {
    const kinds: readonly Answering[] = [
      succeed,
      problem(503, 'queue-unavailable', 'The queue cannot be reached.'),
      problem(429, 'backlog-full', 'Too many tasks wait.'),
      problem(422, 'invalid-input', 'Not valid.'),
      inState('failed', { code: 'timeout', message: 'It took too long.' }),
      (response) => void response.destroy(),
      () => undefined,
    ];
    await using api = await startScriptedApi({
      submit: (response, request, index) => kinds[index % kinds.length]?.(response, request, index),
    });

    const { code, stdout } = await run('--url', api.url, '--rate', '70', '--seconds', '0.3', '--patience', '4');

    expect(code).toBe(0);
    const { succeeded, errors } = await report();
    expect(succeeded).toBe(3);
    expect(Object.fromEntries(errors.map(({ what, status, count }) => [what, [status, count]]))).toEqual({
      '503 queue-unavailable': [503, 3],
      '429 backlog-full': [429, 3],
      '422 invalid-input': [422, 3],
      'failed: timeout': [undefined, 3],
      'connection reset': [undefined, 3],
      'no answer within 4 s': [undefined, 3],
    });
    expect(stdout).toContain('3 × 503 queue-unavailable: The queue cannot be reached.');
  });

  it('ends with 1 when nothing succeeded, and says which request it had chosen', async () => {
    await using api = await startScriptedApi({ submit: problem(422, 'invalid-input', 'The text has no words.') });

    const { code, stdout } = await run('--url', api.url, '--rate', '10', '--seconds', '0.2');

    expect(code).toBe(1);
    expect(stdout).toContain('2 × 422 invalid-input: The text has no words.');
    expect(stdout).toContain('{"data":"example"}. Use --body for another.');
  });

  it('goes on when the server goes away, and counts refused connections', async () => {
    await using api = await startScriptedApi({
      submit(response, request, index) {
        if (index === 0) succeed(response, request, index);
        else api.stop();
      },
    });

    await run('--url', api.url, '--rate', '20', '--seconds', '0.5');

    const { succeeded, errors } = await report();
    const counts = Object.fromEntries(errors.map(({ what, count }) => [what, count]));
    expect(succeeded).toBe(1);
    expect(Object.keys(counts).toSorted()).toEqual(['connection refused', 'connection reset']);
    expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(9);
  });

  it('reports on Ctrl-C what it has measured so far, without waiting for the rest, and ends with 130', async () => {
    await using api = await startScriptedApi({
      submit(response, request, index) {
        if (index < 5) succeed(response, request, index);
      },
    });
    const { child, ended } = start(['--url', api.url, '--rate', '20', '--seconds', '3600']);
    await untilTold(child, /, 5 succeeded, .* [1-9]\d* under way/);

    // A terminal and npm may both send the signal.
    for (let times = 0; times < 2; times++) child.kill('SIGINT');
    const { code, stdout } = await ended;

    expect(code).toBe(130);
    expect(stdout).toMatch(/20 a second for [\d.]+ s of 3600 s, then stopped/);
    expect(stdout).toMatch(/\d+ were in flight when the run was stopped/);
    expect(await report()).toMatchObject({ wasStopped: true, requests: 5, succeeded: 5, errors: [] });
  });
});

describe('npm run load refuses in one sentence', () => {
  it.each([
    [['--rate', '0'], '--rate must be a number above 0, not "0". Try --help.\n'],
    [['--rat', '5'], "Unknown option '--rat'. Try --help.\n"],
    [
      ['--url', 'localhost'],
      '--url must be a URL that begins with http:// or https://, not "localhost". Try --help.\n',
    ],
  ])('%j, with 2', async (args, sentence) => {
    expect(await run(...args)).toEqual({ code: 2, stdout: '', stderr: sentence });
  });

  it('an address where nobody listens', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;

    const ended = await run('--url', url);

    expect(ended).toEqual({ code: 1, stdout: '', stderr: `${url} cannot be reached: connection refused.\n` });
  });

  it('a model that does not exist, naming those that do', async () => {
    await using api = await startScriptedApi({});

    const ended = await run('--url', api.url, '--model', 'model z');

    const sentence = `There is no model "model z" at ${api.url}. Active models: model_a.\n`;
    expect(ended).toEqual({ code: 1, stdout: '', stderr: sentence });
    expect(api.requests).toEqual([]);
  });

  it('a model whose request it cannot choose', async () => {
    await using api = await startScriptedApi({ schema: {} });

    const ended = await run('--url', api.url);

    const sentence = `The schema of model_a at ${api.url} has no example. Use --body.\n`;
    expect(ended).toEqual({ code: 1, stdout: '', stderr: sentence });
  });

  it('a folder that cannot be written, before anything is sent', async () => {
    await using api = await startScriptedApi({});
    const file = join(folder, 'a-file');
    await writeFile(file, '');

    const ended = await start(['--url', api.url], join(file, 'reports')).ended;

    const sentence = `Cannot write reports to ${join(file, 'reports')}: ENOTDIR.\n`;
    expect(ended).toEqual({ code: 1, stdout: '', stderr: sentence });
    expect(api.requests).toEqual([]);
  });
});

describe('npm run load on the real system', { timeout: 90_000 }, () => {
  let system: EmbeddedSystem;
  beforeAll(async () => {
    system = await EmbeddedSystem.start({ withFixtures: true });
  });
  afterAll(() => system[Symbol.asyncDispose]());

  it('finds a request for every model, also for those of a user', async () => {
    for (const model of ['model_a', 'model_b', 'gdp_growth_rate', 'steadfast']) {
      const ended = await run('--url', system.url, '--model', model, '--rate', '10', '--seconds', '0.5');
      expect(ended.stdout).toContain(`${model} at ${system.url}, 10 a second for 0.5 s\n  succeeded    5 of 5 (100 %)`);
      expect(ended.code).toBe(0);
    }
  });

  it('sends the body that it is given', async () => {
    const wrong = '{"value": 2147483648}';

    const ended = await run(
      '--url',
      system.url,
      '--model',
      'model_b',
      '--body',
      wrong,
      '--rate',
      '10',
      '--seconds',
      '0.2',
    );

    expect(ended.code).toBe(1);
    expect(ended.stdout).toMatch(/2 × 422 invalid-input: .*\/value Must be between -2147483648 and 2147483647/);
    expect(await report()).toMatchObject({ body: wrong, bodyWasGiven: true });
  });
});
