import { describe, expect, it, vi } from 'vitest';
import {
  cancelTask,
  decodeEnvelope,
  type Envelope,
  encodeEnvelope,
  getTask,
  historyOf,
  keepFoundRequest,
  MAX_HISTORY,
  RESEND_INTERVAL_MS,
  redriveDeadLetters,
  retryTask,
  type SubmitCommand,
  submitTask,
  type Task,
  type TaskEvent,
  type TaskQueue,
  unavailable,
} from '#core';
import { createMemoryPlatform } from '#platform/memory.ts';
import { ManualClock } from '#test/support/manual-clock.ts';

const ERROR = { code: 'model_error', message: 'It broke.', retryable: true };
const HOUR_MS = 3_600_000;
const away = unavailable('queue_unavailable', 'The task queue is unavailable.', undefined);
const COMMAND: SubmitCommand = {
  ...{ owner: 'ada', model: 'model_a', contract: { hash: 'c1' }, request: Uint8Array.of(1, 2, 3) },
  ...{ limits: { timeoutSeconds: 60 }, deadlineSeconds: 3600, priority: 'high', idempotencyKey: 'k' },
};

/** A task that was given up, and gateways that may have lost a part of their platform. */
async function givenUpTask() {
  const clock = new ManualClock();
  const platform = createMemoryPlatform({ clock, pollMs: 0 });
  const queue = platform.queues('model_a');
  const consumer = queue.consume({ leaseSeconds: 30, signal: new AbortController().signal });
  const { id } = await submitTask({ ...platform, clock }, COMMAND);
  const received = async () => {
    const deliveries = await consumer.receive(10);
    for (const delivery of deliveries) await delivery.ack();
    return deliveries.map(({ body }) => decodeEnvelope(body));
  };
  const [envelope] = await received();
  if (!envelope) throw new Error('No task came.');
  const body = encodeEnvelope(envelope);
  const gaveUp = { type: 'gave-up', attempts: 3, at: clock.now(), error: ERROR, envelope: body } as const;
  await platform.tasks.apply(id, gaveUp);
  const deps = (send?: TaskQueue['send']) => ({
    ...platform,
    clock,
    queues: () => (send ? (Object.assign(Object.create(queue), { send }) as TaskQueue) : queue),
  });
  /** The store refuses the next event of this type. */
  const losing = (type: TaskEvent['type']) => {
    const { tasks } = platform;
    const apply = tasks.apply.bind(tasks);
    tasks.apply = async (id, event) => {
      if (event.type !== type) return apply(id, event);
      tasks.apply = apply;
      throw away;
    };
  };
  const lookup = { id, owner: 'ada' };
  /** A retry whose gateway dies when it calls the queue. */
  const interrupted = async () => {
    const reached = Promise.withResolvers<void>();
    const send = () => {
      reached.resolve();
      return new Promise<never>(() => undefined);
    };
    void retryTask(deps(send), lookup);
    await reached.promise;
  };
  const stored = () => platform.tasks.get(id);
  const retry = (send?: TaskQueue['send']) => retryTask(deps(send), lookup);
  /** In small steps, so that what wakes can sleep again. */
  const passOneSecond = async () => {
    for (let passed = 0; passed < 1000; passed += 20) {
      await new Promise(setImmediate);
      await clock.advance(20);
    }
  };
  const redrive = (model = 'model_a') => redriveDeadLetters(deps(), { model, by: 'operator', ids: [id] });
  const submitAgain = () => submitTask(deps(), COMMAND);
  const acts = { losing, received, interrupted, stored, retry, redrive, submitAgain, passOneSecond };
  return { id, clock, platform, deps, ...acts };
}

describe('a retry whose gateway died before it sent the message', () => {
  it('is sent when it is repeated, with the time of the first one', async () => {
    const { id, clock, interrupted, received, retry, stored } = await givenUpTask();
    await interrupted();
    const at = clock.now();
    await clock.advance(5000);

    const task = await retry();

    expect(task).toMatchObject({ id, state: 'queued', round: 1, deadlineAt: at + HOUR_MS });
    const times = { submittedAt: at, deadlineAt: at + HOUR_MS };
    expect(await received()).toMatchObject([{ taskId: id, round: 1, copy: 1, priority: 'high', ...times }]);
    expect(await stored()).toMatchObject({ copies: 1, sentAt: clock.now() });
  });

  it('is sent by a repeated redrive, of this model only', async () => {
    const { id, interrupted, received, redrive } = await givenUpTask();
    await interrupted();

    const elsewhere = await redrive('model_b');
    const { redriven } = await redrive();

    expect(elsewhere).toMatchObject({ redriven: [], refused: [{ id, error: { code: 'task_not_found' } }] });
    expect(redriven).toEqual([id]);
    expect(await received()).toHaveLength(1);
  });

  it('can be repeated after the deadline, too', async () => {
    const { clock, interrupted, received, retry } = await givenUpTask();
    await interrupted();
    await clock.advance(HOUR_MS);

    const task = await retry();

    expect(task).toMatchObject({ state: 'queued', round: 2, deadlineAt: clock.now() + HOUR_MS });
    expect(await received()).toMatchObject([{ round: 2, copy: 0 }]);
  });

  it('sends at most one message a minute', async () => {
    const { clock, interrupted, received, retry, passOneSecond } = await givenUpTask();
    await interrupted();
    await expect(retry(() => Promise.reject(away))).rejects.toBe(away);
    await clock.advance(RESEND_INTERVAL_MS - 2001);

    const tooSoon = { code: 'queue_unavailable', retryable: true, retryAfterSeconds: 2 };
    await Promise.all([expect(retry()).rejects.toMatchObject(tooSoon), passOneSecond()]);
    await clock.advance(1001);
    await retry();

    expect(await received()).toMatchObject([{ round: 1, copy: 2 }]);
  });

  it('lets one of two that repeat it at once send', async () => {
    const { interrupted, received, retry } = await givenUpTask();
    await interrupted();

    const repeats = await Promise.allSettled([retry(), retry()]);

    expect(repeats.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(repeats).toContainEqual(
      expect.objectContaining({ reason: expect.objectContaining({ code: 'task_not_retryable' }) }),
    );
    expect(await received()).toHaveLength(1);
  });
});

describe('a retry', () => {
  it('is refused as retried already, not as an outage, when the queue is slow to confirm those before', async () => {
    const { id, platform, retry, stored, passOneSecond } = await givenUpTask();
    const confirmed = Promise.withResolvers<void>();
    const slow: TaskQueue['send'] = async (message) => {
      await confirmed.promise;
      await platform.queues('model_a').send(message);
    };
    const first = retry(slow);
    await vi.waitUntil(async () => (await stored())?.round === 1);
    const second = retry(slow);
    await vi.waitUntil(async () => (await stored())?.copies === 1);

    const last = retry();
    await new Promise(setImmediate);
    confirmed.resolve();
    await Promise.all([expect(last).rejects.toMatchObject({ code: 'task_not_retryable' }), passOneSecond()]);

    expect(await Promise.all([first, second])).toMatchObject([{ id }, { id }]);
  });

  it('is refused while the queue has the message of the one before', async () => {
    const { received, retry } = await givenUpTask();
    await retry();

    await expect(retry()).rejects.toMatchObject({ code: 'task_not_retryable' });
    expect(await received()).toHaveLength(1);
  });

  it('keeps the attempt before, whose end nobody has stored, before the end of its round', async () => {
    const { id, clock, platform, retry, stored } = await givenUpTask();
    await retry();
    const start = { type: 'started', round: 1, fence: 1, attempts: 1, copy: 0, alone: false, instance: 'i-1' } as const;
    await platform.tasks.apply(id, { ...start, at: clock.now() });
    await clock.advance(HOUR_MS);

    await retry();

    const told = historyOf((await stored()) as Task).map(({ event, outcome }) => [event, outcome ?? '']);
    expect(told.map((entry) => entry.join(' ').trim())).toEqual([
      ...['submitted', 'gave_up', 'retried'],
      ...['attempt aborted', 'expired', 'retried'],
    ]);
  });

  it('sends another copy when only its confirmation was lost', async () => {
    const { losing, received, retry } = await givenUpTask();
    losing('sent');

    await retry();
    await retry();

    expect((await received()).map(({ round, copy }) => [round, copy])).toEqual([
      [1, 0],
      [1, 1],
    ]);
  });

  it('is refused for a task that was retried too often, or whose request nobody has', async () => {
    const { id, clock, platform, retry } = await givenUpTask();
    const { tasks } = platform;
    const get = tasks.get.bind(tasks);
    const show = (more: Partial<Task>) => {
      tasks.get = async () => ({ ...((await get(id)) as Task), ...more });
    };
    const entry = { event: 'retried', at: clock.now(), by: 'ada' } as const;

    show({ history: Array.from({ length: MAX_HISTORY }, () => entry) });
    await expect(retry()).rejects.toThrow('It was retried too often.');
    show({ deadLetter: Uint8Array.of(255) });
    await expect(retry()).rejects.toThrow('Its request is not stored.');
    show({ state: 'canceled' });
    await expect(retry()).rejects.toThrow('The task is canceled.');
    show({ history: Array.from({ length: MAX_HISTORY - 1 }, () => entry) });
    expect(await retry()).toMatchObject({ id });
  });

  it('is no reason for a repeated submit to send', async () => {
    const { id, interrupted, received, submitAgain } = await givenUpTask();
    await interrupted();

    expect(await submitAgain()).toMatchObject({ id, state: 'queued' });
    expect(await received()).toEqual([]);
  });

  it('leaves a task that can be retried when the queue is away, though the store is away afterwards', async () => {
    const { losing, received, retry } = await givenUpTask();
    losing('gave-up');

    await expect(retry(() => Promise.reject(away))).rejects.toBe(away);
    await retry();

    expect(await received()).toMatchObject([{ round: 1, copy: 1 }]);
  });
});

/** A task that a reader has ended as expired: only its message has the request, as on AWS. */
async function expiredTask() {
  const clock = new ManualClock();
  const platform = { ...createMemoryPlatform({ clock, pollMs: 0 }), clock };
  Object.assign(platform.tasks, { keepsRequests: undefined });
  const consumer = platform.queues('model_a').consume({ leaseSeconds: 30, signal: new AbortController().signal });
  const { id } = await submitTask(platform, { ...COMMAND, deadlineSeconds: 60 });
  const [delivery] = await consumer.receive(1);
  if (!delivery) throw new Error('No task came.');
  const { body } = delivery;
  const envelope = decodeEnvelope(body);
  await delivery.ack();
  const lookup = { id, owner: 'ada' };
  const expire = async () => {
    await clock.advance(60_000);
    return getTask(platform, lookup);
  };
  await expire();
  const find = (more: Partial<Envelope> = {}) =>
    keepFoundRequest(platform, { body, envelope: { ...envelope, ...more } });
  const received = async () => (await consumer.receive(10)).map((sent) => decodeEnvelope(sent.body));
  const retry = () => retryTask(platform, lookup);
  return { id, clock, platform, lookup, expire, find, received, retry };
}

describe('a retry of a task that expired in the queue', () => {
  it('is accepted at once, and sent when an instance finds the message', async () => {
    const { clock, find, received, retry } = await expiredTask();

    expect(await retry()).toMatchObject({ state: 'queued', round: 1, deadlineAt: clock.now() + 60_000 });
    expect(await received()).toEqual([]);
    await find();
    await find();

    const request = { kind: 'inline', bytes: COMMAND.request };
    expect(await received()).toMatchObject([{ round: 1, copy: 1, request, deadlineAt: clock.now() + 60_000 }]);
  });

  it('is sent at once when an instance has found the message before', async () => {
    const { find, received, retry } = await expiredTask();
    await find();

    await retry();
    await find();

    expect(await received()).toMatchObject([{ round: 1, copy: 0 }]);
  });

  it('is sent when an instance finds the message between its read and its write', async () => {
    const { platform, find, received, retry } = await expiredTask();
    const { tasks } = platform;
    const apply = tasks.apply.bind(tasks);
    tasks.apply = async (id, event) => {
      tasks.apply = apply;
      await find();
      return apply(id, event);
    };

    await retry();

    expect(await received()).toMatchObject([{ round: 1, copy: 0 }]);
  });

  it('never runs when it is canceled first', async () => {
    const { platform, lookup, find, received, retry } = await expiredTask();
    await retry();
    await cancelTask(platform, lookup);

    await find();

    expect(await received()).toEqual([]);
  });

  it('that expires too leaves the request to the next one', async () => {
    const { expire, find, received, retry } = await expiredTask();
    await retry();
    expect(await expire()).toMatchObject({ state: 'expired', round: 1 });

    await find();
    await retry();

    expect(await received()).toMatchObject([{ round: 2, copy: 0, request: { bytes: COMMAND.request } }]);
  });

  it('takes no request of another task, of another request or of a later round', async () => {
    const { id, platform, find } = await expiredTask();

    await find({ taskId: 'another' });
    await find({ requestHash: 'another' });
    await find({ round: 1 });

    expect(await platform.tasks.get(id)).not.toHaveProperty('envelope');
  });

  it('keeps the message while it cannot be sent', async () => {
    const { platform, find, retry } = await expiredTask();
    await retry();
    platform.queues('model_a').reachable = false;

    await expect(find()).rejects.toMatchObject({ code: 'queue_unavailable' });
  });

  it('needs its message no more when another one has its round', async () => {
    const { find, received, retry } = await expiredTask();
    await retry();

    await find({ round: 1 });

    expect(await received()).toEqual([]);
  });

  it('is sent by one of two instances that have copies of the message', async () => {
    const { find, received, retry } = await expiredTask();
    await retry();

    await Promise.all([find(), find()]);

    expect(await received()).toMatchObject([{ round: 1, copy: 1 }]);
  });
});

describe('a redrive', () => {
  it('takes page by page, and 500 dead letters at most', async () => {
    const { id, deps, platform } = await givenUpTask();
    const letter = (await platform.tasks.get(id)) as Task;
    const pages: number[] = [];
    platform.tasks.get = async (each) => ({ ...letter, id: each });
    platform.tasks.apply = async () => 'applied';
    platform.tasks.listDeadLetters = async ({ limit, cursor = '0' }) => {
      const from = Number(cursor);
      pages.push(from);
      const tasks = Array.from({ length: limit - 10 }, (_, i) => ({ ...letter, id: `${from + i}` }));
      return { tasks, nextCursor: `${from + limit}` };
    };

    const { redriven } = await redriveDeadLetters(deps(), { model: 'model_a', by: 'operator' });

    expect([redriven.length, new Set(redriven).size]).toEqual([500, 500]);
    // A page of the store may have fewer than its limit.
    expect(pages).toEqual([0, 100, 200, 300, 400, 500]);
  });

  it('ends with the last page, and has only what it found', async () => {
    const { id, deps, platform } = await givenUpTask();

    expect(await redriveDeadLetters(deps(), { model: 'model_a', by: 'operator' })).toEqual({
      ...{ redriven: [id], refused: [] },
    });
    expect(await redriveDeadLetters(deps(), { model: 'model_a', by: 'operator' })).toEqual({
      ...{ redriven: [], refused: [] },
    });
    platform.tasks.get = () => Promise.reject(new TypeError('A defect.'));
    await expect(redriveDeadLetters(deps(), { model: 'model_a', by: 'operator', ids: [id] })).rejects.toThrow(
      'A defect',
    );
  });
});
