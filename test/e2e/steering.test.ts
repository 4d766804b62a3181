import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ended, type ProblemBody, post, submit, type TaskBody } from '#test/support/api-client.ts';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';

/** As the manifest of model_b has it. */
const SLOTS = 8;

let system: EmbeddedSystem;
beforeAll(async () => {
  system = await EmbeddedSystem.start();
});
afterAll(() => system[Symbol.asyncDispose]());

const cancel = (id: string) => post(system, `/tasks/${id}/cancel`, '');

async function untilRunning(id: string): Promise<void> {
  let state = '';
  while (state !== 'running') {
    if (state !== '') await sleep(50);
    const response = await system.fetch(`/tasks/${id}`);
    ({ state } = (await response.json()) as TaskBody);
  }
}

describe('canceling', () => {
  it('aborts runs, keeps a queued task from running, and leaves the instance to others', async () => {
    const hold = () => submit(system, 'model_b', { value: 1, delay_seconds: 300 });
    const running = await Promise.all(Array.from({ length: SLOTS }, hold));
    for (const { id } of running) await untilRunning(id);
    const queued = await hold();
    const next = await submit(system, 'model_b', { value: 3, delay_seconds: 0 });

    const answer = await cancel(queued.id);
    const answers = await Promise.all(running.map(({ id }) => cancel(id)));

    expect([answer, ...answers].map(({ status }) => status)).toEqual(Array.from({ length: SLOTS + 1 }, () => 202));
    expect(await answer.json()).toMatchObject({ id: queued.id, state: 'canceled', started_at: null, result: null });
    expect((await ended(system, next.id)).state).toBe('succeeded');
    expect((await ended(system, queued.id)).started_at).toBeNull();
    expect((await ended(system, running[0]?.id ?? '')).state).toBe('canceled');
  });

  it('is refused for a task that has ended', async () => {
    const { id } = await submit(system, 'model_b', { value: 4, delay_seconds: 0 });
    await ended(system, id);

    const response = await cancel(id);

    expect(response.status).toBe(409);
    expect((await response.json()) as ProblemBody).toMatchObject({ type: '/problems/task-ended' });
    expect((await ended(system, id)).state).toBe('succeeded');
  });
});

it('tells how the tasks of a model ended', async () => {
  await post(system, '/predict/model_a', { data: 'counted' });
  interface Stats {
    readonly total: { readonly succeeded: number; readonly run_ms: { readonly p50: number } | null };
  }
  let stats: Stats | undefined;
  while (!stats?.total.succeeded) {
    await sleep(100);
    stats = (await (await system.fetch('/models/model_a/stats?minutes=2')).json()) as Stats;
  }

  expect(stats.total).toMatchObject({ succeeded: 1, failed: 0, run_ms: { p99: expect.any(Number) } });
});

it('runs a failed task again, and keeps its history', async () => {
  const { id } = await submit(system, 'model_b', { value: 5, delay_seconds: -1 });
  const first = await ended(system, id);

  const response = await post(system, `/tasks/${id}/retry`, '');

  expect([first.state, response.status]).toEqual(['failed', 202]);
  expect((await ended(system, id)).error?.code).toBe('invalid_input');
  const { events } = (await (await system.fetch(`/tasks/${id}/history`)).json()) as { readonly events: unknown[] };
  const attempt = { event: 'attempt', instance: 'model_b-1', outcome: 'failed', error: { code: 'invalid_input' } };
  expect(events).toMatchObject([{ event: 'submitted' }, attempt, { event: 'retried', by: 'local' }, attempt]);
});

it('runs what is valid of a batch, and answers in its order', async () => {
  const requests = Array.from({ length: 40 }, (_, value) =>
    value % 2 === 0 ? { value, delay_seconds: 0 } : { valu: value },
  );
  const submitted = await post(system, '/models/model_b/batches', JSON.stringify(requests));
  const { id, items } = (await submitted.json()) as { readonly id: string; readonly items: readonly object[] };
  const first = Number(items.findIndex((item) => 'task_id' in item));

  let counts: { readonly completed: boolean } | undefined;
  while (!counts?.completed) {
    await sleep(100);
    counts = (await (await system.fetch(`/batches/${id}`)).json()) as { readonly completed: boolean };
  }
  const results = await system.fetch(`/batches/${id}/results`);
  const lines = (await results.text())
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

  expect([submitted.status, first]).toEqual([202, 0]);
  expect(counts).toMatchObject({ total: 40, counts: { succeeded: 20, refused: 20 } });
  expect(lines.map(({ index, state }) => [index, state])).toEqual(
    requests.map((_, index) => [index, index % 2 === 0 ? 'succeeded' : 'refused']),
  );
});
