import { describe, expect, it } from 'vitest';
import { ModelyardError, type OutboundRequest, type Task, type TaskEvent, type WebhookStore } from '#core';
import { keepEnd, redeliverWebhook, sendWebhook, type WebhookRecord, webhookKey } from '#core/webhooks';
import { createMemoryPlatform } from '#platform/memory.ts';
import { replacing } from '#test/lambdas/api-harness.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { aTask } from '#test/support/tasks.ts';
import { watchTask } from '../../../lib/core/webhooks/watch-task.ts';

const MINUTE_MS = 60_000;
const WEEK_MS = 7 * 24 * 60 * MINUTE_MS;
const PACE = { share: 0.5, minMs: 100, maxMs: 10_000 };
const canceled = (at: number): TaskEvent => ({ type: 'canceled', at, by: 'local' });

type Answer = { readonly status: number; readonly headers?: Record<string, string> };

/** A watched task, and a receiver that answers as a test wants. */
async function watched({ deadlineMs = 60 * MINUTE_MS } = {}) {
  const clock = new ManualClock();
  const platform = createMemoryPlatform({ clock });
  const createdAt = clock.now();
  const times = { createdAt, deadlineAt: createdAt + deadlineMs, retainedUntil: createdAt + WEEK_MS };
  const task: Task = aTask(times);
  const requests: OutboundRequest[] = [];
  const woken: number[] = [];
  const receiver = { answer: async (): Promise<Answer> => ({ status: 204 }) };
  const webhooks = replacing<WebhookStore>(platform.webhooks, {
    pace: PACE,
    wake: async (_key: string, at: number) => void woken.push(at),
  });
  const deps = {
    ...{ tasks: platform.tasks, webhooks, clock, random: () => 0.5 },
    outbound: {
      check: () => undefined,
      send: async (request: OutboundRequest) => {
        requests.push(request);
        return { headers: {}, body: new Uint8Array(), ...(await receiver.answer()) };
      },
      download: () => Promise.reject(new Error('Nothing is downloaded.')),
    },
    present: async ({ state }: Task, head: object) => JSON.stringify({ ...head, state }),
    sign: () => 'v1,signed',
  };
  await platform.tasks.create(task);
  await watchTask(deps, task, { url: 'https://receiver.example/hook' });
  const record = async () =>
    JSON.parse((await webhooks.get(webhookKey(task.id)))?.document ?? 'null') as WebhookRecord | null;
  return {
    ...{ clock, task, deps, requests, woken, receiver, record },
    tasks: platform.tasks,
    end: () => platform.tasks.apply(task.id, canceled(clock.now())),
    send: () => sendWebhook(deps, task.id),
    delivery: async () => (await record())?.deliveries[0],
    /** Lets time pass until the sender has to act, and lets it. */
    async next() {
      await clock.advance(((await record())?.dueAt ?? clock.now()) - clock.now());
      await sendWebhook(deps, task.id);
    },
  };
}

describe('a sender', () => {
  it('that was woken early is woken again at the right time', async () => {
    const { clock, send, requests, woken, record, end } = await watched();
    await end();
    woken.length = 0;

    await clock.advance(PACE.minMs - 21);
    await send();
    expect([requests, woken]).toEqual([[], [(await record())?.dueAt]]);
    await clock.advance(1);
    await send();

    expect(requests).toHaveLength(1);
  });

  it('looks at a task at whole milliseconds, which a store of integers takes', async () => {
    const { clock, send, record } = await watched({ deadlineMs: MINUTE_MS });
    await clock.advance(1237);

    await send();

    expect((await record())?.dueAt).toBe(clock.now() + 619);
  });

  it('looks at a task that has not ended less often the older it is, and at its deadline', async () => {
    const { clock, task, next, record, requests } = await watched({ deadlineMs: MINUTE_MS });
    const looks: number[] = [];
    while (requests.length === 0) {
      await next();
      looks.push(clock.now() - task.createdAt);
    }

    const pauses = looks.map((at, i) => at - (looks[i - 1] ?? 0));
    expect(pauses.slice(0, 6)).toEqual([100, 100, 100, 150, 225, 338]);
    expect(Math.max(...pauses)).toBe(PACE.maxMs);
    expect(looks.at(-1)).toBe(MINUTE_MS);
    expect((await record())?.deliveries).toMatchObject([{ event: 'task.expired', state: 'delivered' }]);
    expect((await record())?.dueAt).toBeUndefined();
  });

  it('gives up a webhook whose task never came to be', async () => {
    const { clock, tasks, task, next, record } = await watched();
    await tasks.erase(task);

    while ((await record())?.dueAt !== undefined) await next();

    expect(clock.now() - task.createdAt).toBeGreaterThan(10 * MINUTE_MS);
    expect(clock.now() - task.createdAt).toBeLessThan(11 * MINUTE_MS);
  });

  it('removes the queue entry of a record that is gone, and does nothing else', async () => {
    const { deps, task, requests } = await watched();
    const deleted: string[] = [];
    const webhooks = replacing(deps.webhooks, {
      get: async () => undefined,
      delete: async (key) => void deleted.push(key),
    });

    await sendWebhook({ ...deps, webhooks }, task.id);

    expect([deleted, requests]).toEqual([[webhookKey(task.id)], []]);
  });

  it('makes one request when two are woken at once', async () => {
    const { end, clock, send, requests } = await watched();
    await end();
    await clock.advance(PACE.minMs);

    await Promise.all([send(), send()]);

    expect(requests).toHaveLength(1);
  });

  it('that dies in a request leaves it to another one, a minute later', async () => {
    const { end, next, clock, send, receiver, requests, delivery } = await watched();
    await end();
    receiver.answer = async () => {
      throw new TypeError('This process is broken.');
    };
    await expect(next()).rejects.toThrow(TypeError);
    receiver.answer = async () => ({ status: 200 });

    await clock.advance(MINUTE_MS - 21);
    await send();
    expect(requests).toHaveLength(1);
    await next();

    expect(await delivery()).toMatchObject({ state: 'delivered', failures: 0, attempts: [{ status: 200 }] });
  });
});

describe('a request', () => {
  it('is signed, and has the task after the event', async () => {
    const { end, next, requests, task, clock } = await watched();
    await end();

    await next();

    const timestamp = new Date(clock.now()).toISOString();
    expect(requests).toMatchObject([
      {
        ...{ url: 'https://receiver.example/hook', method: 'POST', timeoutMs: 15_000 },
        body: JSON.stringify({ type: 'task.canceled', timestamp, state: 'canceled' }),
        headers: {
          'webhook-id': `msg_${task.id}_0`,
          'webhook-timestamp': String(Math.floor(clock.now() / 1000)),
          'webhook-signature': 'v1,signed',
        },
      },
    ]);
  });

  it.each([200, 299])('that is answered %i is delivered', async (status) => {
    const { end, next, receiver, delivery, record } = await watched();
    await end();
    receiver.answer = async () => ({ status });

    await next();

    const { attempts = [], ...delivered } = (await delivery()) ?? {};
    expect(delivered).toMatchObject({ state: 'delivered', failures: 0 });
    expect(delivered).not.toHaveProperty('nextAttemptAt');
    expect(attempts).toEqual([{ at: expect.any(Number), durationMs: 0, status }]);
    expect((await record())?.dueAt).toBeUndefined();
  });

  it.each([199, 300, 302, 404, 500])('that is answered %i is made again after five seconds', async (status) => {
    const { clock, end, next, receiver, delivery } = await watched();
    await end();
    receiver.answer = async () => {
      await clock.advance(250);
      return { status };
    };

    await next();

    expect(await delivery()).toMatchObject({
      ...{ state: 'pending', failures: 1, nextAttemptAt: clock.now() + 5250 },
      attempts: [{ status, durationMs: 250, error: `The receiver answered ${status}.` }],
    });
  });

  it.each([
    ['7', 7_000],
    ['1', 5_250],
    ['99999', 3_600_000],
    ['soon', 5_250],
    ['Fri, 01 Jan 2027 00:00:00 GMT', 3_600_000],
    ['Wed, 01 Jan 2025 00:00:00 GMT', 5_250],
  ])('is not made again before the pause that its receiver asks for: %s', async (after, pauseMs) => {
    const { clock, end, next, receiver, delivery } = await watched();
    await end();
    receiver.answer = async () => ({ status: 503, headers: { 'retry-after': after } });

    await next();

    expect((await delivery())?.nextAttemptAt).toBe(clock.now() + pauseMs);
  });

  it('without an answer is logged with its reason', async () => {
    const { end, next, receiver, delivery } = await watched();
    await end();
    receiver.answer = () => Promise.reject(new ModelyardError('gateway_timeout', 'It took too long.'));

    await next();

    expect((await delivery())?.attempts).toEqual([
      { at: expect.any(Number), durationMs: 0, error: 'It took too long.' },
    ]);
  });

  it('is no attempt when the store fails that it reads', async () => {
    const { end, next, deps, delivery, receiver } = await watched();
    await end();
    const present = deps.present;
    deps.present = () => Promise.reject(new ModelyardError('store_unavailable', 'The blobs are away.'));

    await expect(next()).rejects.toMatchObject({ code: 'store_unavailable' });
    deps.present = present;
    receiver.answer = async () => ({ status: 200 });
    await next();

    expect((await delivery())?.attempts).toHaveLength(1);
  });

  it('is given up when its receiver is gone, and after ten', async () => {
    const [gone, down] = [await watched(), await watched()];
    for (const { end } of [gone, down]) await end();
    gone.receiver.answer = async () => ({ status: 410 });
    down.receiver.answer = async () => ({ status: 500 });
    const startedAt = down.clock.now();

    await gone.next();
    while ((await down.record())?.dueAt !== undefined) await down.next();

    expect(await gone.delivery()).toMatchObject({ state: 'failed', failures: 1 });
    expect(await down.delivery()).toMatchObject({ state: 'failed', failures: 10 });
    expect(down.requests).toHaveLength(10);
    // Delays of the Standard Webhooks scheme and half of the jitter.
    const delays = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];
    const expected = delays.reduce((sum, seconds) => sum + seconds * 1050, PACE.minMs);
    expect(down.clock.now() - startedAt).toBe(expected);
  });
});

describe('a change during a request', () => {
  it('by hand is kept: the event is sent again at once', async () => {
    const { end, next, send, deps, task, receiver, requests, delivery, clock } = await watched();
    await end();
    receiver.answer = async () => {
      await clock.advance(1);
      await redeliverWebhook(deps, task.id);
      return { status: 200 };
    };
    await next();
    expect(await delivery()).toMatchObject({ state: 'pending', failures: 0, attempts: [{ status: 200 }] });

    receiver.answer = async () => ({ status: 200 });
    await send();

    expect(requests).toHaveLength(2);
    expect(await delivery()).toMatchObject({ state: 'delivered', attempts: [{ status: 200 }, { status: 200 }] });
  });

  it('by a retry is kept: a later attempt tells of the end before the retry', async () => {
    const { tasks, task, next, deps, receiver, requests, delivery, clock } = await watched();
    const error = { code: 'timeout', message: 'It took too long.', retryable: true };
    const envelope = new Uint8Array();
    const round = 1;
    await tasks.apply(task.id, { type: 'gave-up', attempts: 3, at: clock.now(), error, envelope });
    receiver.answer = async () => {
      await keepEnd(deps, (await tasks.get(task.id)) as Task);
      const at = clock.now();
      await tasks.apply(task.id, { type: 'retried', at, by: 'local', round, deadlineAt: at + MINUTE_MS, envelope });
      return { status: 500 };
    };
    await next();

    receiver.answer = async () => ({ status: 200 });
    await next();

    expect(requests.map(({ body }) => JSON.parse(String(body)).state)).toEqual(['failed', 'failed']);
    expect(await delivery()).toMatchObject({ state: 'delivered', event: 'task.failed' });
  });

  it('by a retry is kept small: without the reports of a long progress', async () => {
    const { tasks, task, deps, record, clock } = await watched();
    const at = clock.now();
    const recent = [{ seq: 1, at, attempt: 1, response: 'A'.repeat(8000) }];
    const older = Array.from({ length: 1000 }, (_, i) => ({ key: `results/${i}`, size: 8000, last: i }));
    const progress = { fraction: 0.5, at, contractHash: 'c1', count: 1001, recent, older };
    const error = { code: 'model_error', message: 'No.', retryable: false };
    await tasks.apply(task.id, { type: 'failed', fence: 1, attempts: 1, at, error, progress });

    await keepEnd(deps, (await tasks.get(task.id)) as Task);

    const { snapshot = '' } = (await record())?.deliveries[0] ?? {};
    expect(JSON.parse(snapshot)).toMatchObject({ state: 'failed', progress: { fraction: 0.5 } });
    expect(snapshot.length).toBeLessThan(2000);
  });

  it('by retries forgets no end that was not delivered: the 41st retry is refused', async () => {
    const { task, deps, record, next, receiver, clock } = await watched();
    const failed: Task = { ...task, state: 'failed', endedAt: clock.now() };
    for (let round = 0; round < 40; round++) await keepEnd(deps, { ...failed, round });

    await expect(keepEnd(deps, { ...failed, round: 40 })).rejects.toMatchObject({ code: 'task_not_retryable' });

    receiver.answer = async () => ({ status: 200 });
    await next();
    await keepEnd(deps, { ...failed, round: 40 });
    const { deliveries = [] } = (await record()) ?? {};
    expect(deliveries.map(({ round, state }) => [round, state])).toEqual(
      Array.from({ length: 40 }, (_, at) => [at + 1, 'pending']),
    );
  });
});
