import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ended, post, submit, type TaskBody } from '#test/support/api-client.ts';
import { EmbeddedSystem, isRunning } from '#test/support/embedded-system.ts';

/** Long enough for a busy machine to renew in time, short enough to wait for its end. */
const LEASE_SECONDS = '3';

let system: EmbeddedSystem;
beforeAll(async () => {
  system = await EmbeddedSystem.start({ withFixtures: true, environment: { MODELYARD_LEASE_SECONDS: LEASE_SECONDS } });
});
afterAll(() => system[Symbol.asyncDispose]());

/** What an instance tells Prometheus. */
const metrics = async (endpoint: string): Promise<string> => (await fetch(`${endpoint}/metrics`)).text();

/** The metrics of an instance once it has met its condition. */
async function metricsUntil(endpoint: string, isMet: (text: string) => boolean): Promise<string> {
  for (;;) {
    const text = await metrics(endpoint);
    if (isMet(text)) return text;
    await sleep(50);
  }
}

const attemptsIn = (text: string, outcome: string): number =>
  Number(new RegExp(`^modelyard_instance_attempts_total\\{outcome="${outcome}"\\} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);

/** Attempts that came to nothing: they heard of it before their run was over, or from the store after it. */
const inVain = (text: string): number => attemptsIn(text, 'lease-lost') + attemptsIn(text, 'already-ended');

interface Runner {
  readonly pid: number;
  readonly endpoint: string;
}

interface History {
  readonly events: readonly { readonly event: string; readonly instance?: string }[];
}

/** The instance that runs the task. */
async function runnerOf(id: string): Promise<Runner> {
  for (;;) {
    const { events } = (await (await system.fetch(`/tasks/${id}/history`)).json()) as History;
    const instance = events.find(({ event }) => event === 'attempt')?.instance;
    if (instance) {
      const ready = system.events.findLast((event) => event.source === instance && event.message === 'Ready.');
      return { pid: Number(system.pids(instance).at(-1)), endpoint: String(ready?.endpoint) };
    }
    await sleep(50);
  }
}

/** Resolves when every instance of the model is ready, also those that were restarted. */
async function allReady(model: string): Promise<void> {
  const count = (pattern: RegExp) =>
    system.events.filter(({ source, message }) => source.startsWith(`${model}-`) && pattern.test(message)).length;
  await system.until(() => count(/^Ready\.$/) === 2 + count(/Restarting in/));
}

describe('a model that cannot start', () => {
  it('says why, and backs off', async () => {
    const crash = await system.until((e) => e.source === 'unprepared-1' && e.message.includes('Restarting in'));
    await system.until((e) => e.source === 'unprepared-1' && e.pid === system.pids('unprepared-1')[1]);

    expect(crash).toMatchObject({ level: 'error', last_error: expect.stringContaining('The weights are missing.') });
    expect(crash.message).toMatch(/^Exited with code 1\. Restarting in \d+\.\d s\.$/);
  });

  it('is named when its folder is broken', () => {
    const faults = system.events.filter(({ message }) => message.includes('is ignored'));

    expect(faults.map(({ message }) => message)).toEqual([
      'test/fixtures/models/misnamed/manifest.ts is ignored: name must be that of its folder, misnamed, not another_name.',
    ]);
  });

  it('leaves the other models unharmed', async () => {
    const response = await post(system, '/predict/model_a', { data: 'still here' });

    expect(await response.json()).toMatchObject({ state: 'succeeded' });
    expect(system.pids('model_a-1')).toHaveLength(1);
  });

  it('takes tasks that wait for it', async () => {
    const task = await submit(system, 'unprepared', {}, { 'Task-Deadline': '1' });

    expect(task.state).toBe('queued');
    expect(await ended(system, task.id)).toMatchObject({ state: 'expired', attempts: 0 });
  });
});

describe('a task', () => {
  it('that fails once is run again', async () => {
    const { id } = await submit(system, 'steadfast', { action: 'fail once' });

    expect(await ended(system, id)).toMatchObject({ state: 'succeeded', attempts: 2, result: { attempt: 2 } });
  });

  it('that takes too long is tried again, and fails in the end', async () => {
    const { id } = await submit(system, 'unruly', { action: 'hang' }, { 'Task-Timeout': '1' });

    expect(await ended(system, id)).toMatchObject({ state: 'failed', attempts: 2, error: { code: 'timeout' } });
  });

  it('that the model refuses is run once', async () => {
    const { id } = await submit(system, 'unruly', { action: 'refuse' });

    expect(await ended(system, id)).toMatchObject({
      state: 'failed',
      attempts: 1,
      error: { code: 'invalid_input', message: 'This is never right.' },
    });
  });

  it('whose instance is killed in the middle of it is run by another one, and its result is written once', async () => {
    const { id } = await submit(system, 'steadfast', { action: 'wait', seconds: 3 });
    const { pid } = await runnerOf(id);

    process.kill(pid, 'SIGKILL');
    const task = await ended(system, id);

    expect(task).toMatchObject({ state: 'succeeded', attempts: 1, result: { attempt: 1 } });
    expect(task.result?.pid).not.toBe(pid);
    await system.until((e) => e.message.startsWith('Was killed by SIGKILL. Restarting in'));
  });

  it('whose instance comes back too late keeps the result of the one that took over', async () => {
    await allReady('steadfast');
    const { id } = await submit(system, 'steadfast', { action: 'wait', seconds: 3 });
    const { pid, endpoint } = await runnerOf(id);
    const before = await metrics(endpoint);

    process.kill(pid, 'SIGSTOP');
    const task = await ended(system, id);
    process.kill(pid, 'SIGCONT');
    const refused = await metricsUntil(endpoint, (text) => inVain(text) > inVain(before));
    const after = (await (await system.fetch(`/tasks/${id}`)).json()) as TaskBody;

    expect(task).toMatchObject({ state: 'succeeded', attempts: 1, result: { attempt: 1 } });
    expect(task.result?.pid).not.toBe(pid);
    expect(attemptsIn(refused, 'succeeded')).toBe(attemptsIn(before, 'succeeded'));
    expect(after).toEqual(task);
  });

  it('that ends the model process with exit code 0 finds it started again', async () => {
    const { id } = await submit(system, 'unruly', { action: 'leave' });
    const task = await ended(system, id);
    const next = await submit(system, 'unruly', { action: 'answer' });

    const message = 'Gave up after 2 attempts. Last error: The model process ended with exit code 0.';
    expect(task).toMatchObject({ state: 'failed', attempts: 2, error: { code: 'attempts_exhausted', message } });
    expect(await ended(system, next.id)).toMatchObject({ state: 'succeeded' });
    await system.until((e) => e.message === 'The model process ended with exit code 0.');
  });

  it('that kills the model process every time fails after its attempts, and its instance lives on', async () => {
    const before = system.pids('unruly-1');
    const { id } = await submit(system, 'unruly', { action: 'die' });
    const task = await ended(system, id);
    const next = await submit(system, 'unruly', { action: 'answer' });

    expect(task).toMatchObject({ state: 'failed', attempts: 2, result: null });
    expect(task.error).toMatchObject({ code: 'attempts_exhausted', retryable: true });
    expect(await ended(system, next.id)).toMatchObject({ state: 'succeeded' });
    expect(system.pids('unruly-1')).toEqual(before);
  });

  // The instance starts three times, with growing pauses; on a busy machine each start takes long.
  it('that kills its whole instance every time fails after its attempts, and the model keeps serving', {
    timeout: 180_000,
  }, async () => {
    const before = system.pids('unruly-1');
    const { id } = await submit(system, 'unruly', { action: 'kill the instance' });
    const task = await ended(system, id);
    const next = await submit(system, 'unruly', { action: 'answer' });

    expect(task).toMatchObject({ state: 'failed', attempts: 2, error: { code: 'attempts_exhausted' } });
    expect(await ended(system, next.id)).toMatchObject({ state: 'succeeded' });
    expect(before.filter(isRunning)).toEqual([]);
    // Once in company, and once alone for each attempt.
    expect(system.pids('unruly-1').length).toBe(before.length + 3);
  });
});
