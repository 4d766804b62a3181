import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ended, post, submit, type TaskBody } from '#test/support/api-client.ts';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';
import { pythonFixture } from '#test/support/python.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures');
const FOLDERS = [pythonFixture('.'), join(FIXTURES, 'onnx'), join(FIXTURES, 'containers')];
const PROTOCOLS = ['json', 'protobuf', 'sagemaker', 'kserve', 'cog'];
/** Its packages may have to be installed first. */
const INSTALL_MS = 120_000;

let system: EmbeddedSystem;
beforeAll(async () => {
  system = await EmbeddedSystem.start({ environment: { MODELYARD_MODELS_PATH: FOLDERS.join(delimiter) } });
  for (const name of ['sums', 'sums_in_batches', 'shapes', ...PROTOCOLS.map((each) => `tally_${each}`)]) {
    await vi.waitFor(async () => expect((await system.fetch(`/models/${name}`)).status).toBe(200), {
      timeout: INSTALL_MS,
      interval: 100,
    });
  }
}, 2 * INSTALL_MS);
afterAll(() => system[Symbol.asyncDispose]());

describe('a model in Python', () => {
  it('answers like any other model', async () => {
    const response = await post(system, '/predict/sums', { action: 'add', values: [1, 2.5], data: 'AQI=' });

    expect((await response.json()) as TaskBody).toMatchObject({
      state: 'succeeded',
      attempts: 1,
      result: { sum: 3.5, sign: 'SIGN_POSITIVE', data: 'AQI=', note: 'from a file' },
    });
  });

  it('fails a task by InvalidInput, and with the name of any other exception', async () => {
    const refused = await ended(system, (await submit(system, 'sums', { action: 'refuse' })).id);
    const failed = await ended(system, (await submit(system, 'sums', { action: 'raise' })).id);

    expect(refused.error).toMatchObject({ code: 'invalid_input', message: 'These cannot be added.' });
    expect(failed.error).toMatchObject({ message: expect.stringMatching(/KeyError: 'missing'$/) });
  });

  it('tells how far it is', async () => {
    const { id } = await submit(system, 'sums', { action: 'wait' });

    await vi.waitFor(
      async () => {
        const task = await (await system.fetch(`/tasks/${id}`)).json();
        expect(task).toMatchObject({ progress: { fraction: 0.5, message: 'Half of it is done.' } });
      },
      { timeout: 25_000, interval: 100 },
    );
  });

  it('logs through its instance: its lines, and exceptions with file and line', async () => {
    await submit(system, 'sums', { action: 'print' });
    const { id } = await submit(system, 'sums', { action: 'raise' });

    const printed = await system.until(({ message }) => message === 'Printed by the model.');
    const raised = await system.until(
      ({ message, taskId }) => message === 'The model raised an exception.' && taskId === id,
    );

    expect(printed.source).toBe('sums-1');
    expect(raised.requestId).toMatch(/^[\w-]{36}$/);
    expect(raised.error).toMatchObject({
      name: 'KeyError',
      stack: expect.stringMatching(/model\.py", line \d+, in fail/),
    });
  });

  it('is told when a run takes too long, and goes on', async () => {
    const task = await ended(system, (await submit(system, 'sums', { action: 'loop' })).id);
    const next = await ended(system, (await submit(system, 'sums', { action: 'add', values: [1] })).id);

    expect(task.error).toMatchObject({ code: 'timeout' });
    expect(next.result).toMatchObject({ sum: 1 });
  });

  it('is charged with the end of its process, and starts again', async () => {
    const task = await ended(system, (await submit(system, 'sums', { action: 'exit' })).id);
    const next = await ended(system, (await submit(system, 'sums', { action: 'add', values: [2] })).id);

    expect(task.error).toMatchObject({ message: expect.stringContaining('The model process ended with exit code 7.') });
    expect(next.result).toMatchObject({ sum: 2 });
  });

  it('answers requests in batches', async () => {
    const requests = Array.from({ length: 8 }, (_, value) => ({ action: 'add', values: [value] }));

    const tasks = await Promise.all(
      requests.map(async (request) => ended(system, (await submit(system, 'sums_in_batches', request)).id)),
    );

    expect(tasks.map(({ result }) => result?.sum)).toEqual(requests.map(({ values }) => values[0]));
    expect(tasks.some(({ result }) => result?.note !== 'batch of 1')).toBe(true);
  });
});

describe('an ONNX file', () => {
  it('answers many requests in JSON, each its own', async () => {
    const requests = Array.from({ length: 20 }, (_, i) => ({
      count: String(i),
      flags: [true, false],
      image: { shape: [1, 1 + (i % 2)], values: i % 2 ? [i, i] : [i] },
      text: `number ${i}`,
      green: 1,
    }));

    const tasks = await Promise.all(
      requests.map(async (request) => ended(system, (await submit(system, 'shapes', request)).id)),
    );

    expect(tasks.map(({ result }) => result)).toMatchObject(
      requests.map(({ text, image }, i) => ({
        twice_count: String(2 * i),
        image: { shape: image.shape.map(String), values: image.values.map((value) => 2 * value) },
        text,
        best: 'green',
      })),
    );
  });

  it('refuses a request that does not fit its graph', async () => {
    const { error } = await ended(system, (await submit(system, 'shapes', { flags: [true] })).id);

    expect(error).toMatchObject({ code: 'invalid_input', message: 'flags must have 2 values, not 1.' });
  });
});

describe.each(PROTOCOLS)('a container that speaks %s', (protocol) => {
  const run = async (request: object) => ended(system, (await submit(system, `tally_${protocol}`, request)).id);

  it('answers, and refuses what is not right', async () => {
    const answered = await run({ action: 'add', values: [1, 2.5] });
    const refused = await run({ action: 'refuse' });

    expect(answered).toMatchObject({ state: 'succeeded', result: { total: 3.5 } });
    expect(refused.error).toMatchObject({ code: 'invalid_input', message: 'These cannot be added.' });
  });
});

describe('a container that crashes', () => {
  it('is started again, and the task gets its attempts', async () => {
    const { id } = await submit(system, 'tally_json', { action: 'crash' });
    const crashed = await ended(system, id);
    const next = await ended(system, (await submit(system, 'tally_json', { action: 'add', values: [1] })).id);

    expect(crashed).toMatchObject({ state: 'failed', attempts: 3 });
    expect(next.result).toMatchObject({ total: 1 });
  });
});
