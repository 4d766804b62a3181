import { describe, expect, it } from 'vitest';
import {
  type Delivery,
  type Envelope,
  type EventOutcome,
  MAX_INLINE_BYTES,
  ModelyardError,
  type RetryOptions,
  type Task,
  type TaskEvent,
  unavailable,
} from '#core';
import type { Attempt } from '#runtime/worker/attempt.ts';
import type { RunEnd } from '#runtime/worker/run-attempts.ts';
import { type SettleDeps, settleRun } from '#runtime/worker/settle-task.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { silentLogger } from '#test/support/silent-logger.ts';
import { aTask } from '#test/support/tasks.ts';

type End = Exclude<RunEnd, { readonly type: 'repeat' }>;

const BODY = Uint8Array.of(9);
const TIMES = { startedAt: 10, endedAt: 20 };
const answered = (response: Uint8Array): End => ({ type: 'answered', response, ...TIMES });
const failed = (code: string, retryable: boolean, isSuspect = false): End => ({
  type: 'failed',
  error: { code, message: 'It broke.', retryable },
  isSuspect,
  ...TIMES,
});

interface SetUp extends Partial<Omit<SettleDeps, 'tasks'> & Attempt> {
  readonly isQueueAway?: boolean;
  readonly tasks?: Partial<SettleDeps['tasks']>;
}

function setUp({ number = 1, mustRunAlone = false, isQueueAway = false, tasks, ...deps }: SetUp = {}) {
  const calls: unknown[] = [];
  const events: TaskEvent[] = [];
  const blobs = new Map<string, Uint8Array>();
  const lease = new AbortController();
  const note =
    (name: string) =>
    async (...args: unknown[]): Promise<void> => {
      calls.push([name, ...args.filter((arg) => arg !== undefined)]);
      if (isQueueAway) throw unavailable('queue_unavailable', 'The queue is away.', undefined);
    };
  const delivery: Partial<Delivery> = {
    body: BODY,
    fence: 7,
    lease: lease.signal,
    ack: note('ack'),
    retry: note('retry') as (next: RetryOptions) => Promise<void>,
    release: note('release'),
    reject: note('reject'),
  };
  const envelope: Partial<Envelope> = { taskId: 'task', deadlineAt: 5000, requestHash: 'hash' };
  const attempt = {
    delivery,
    envelope,
    number,
    mustRunAlone,
    request: new Uint8Array(),
  } as Partial<Attempt> as Attempt;
  const clock = new ManualClock(1000);
  const all: SettleDeps = {
    maxAttempts: 3,
    contractHash: 'contract',
    tasks: {
      async apply(_id, event) {
        events.push(event);
        return 'applied';
      },
      get: async () => undefined,
      ...tasks,
    },
    queues: () => {
      throw new Error('Nothing is sent.');
    },
    blobs: {
      async put(key, bytes) {
        blobs.set(key, bytes);
      },
      get: async (key) => blobs.get(key),
    },
    clock,
    random: () => 0.5,
    logger: silentLogger,
    ...deps,
  };
  return { calls, events, blobs, clock, lease, settle: (end: End) => settleRun(all, attempt, end) };
}

describe('an answer', () => {
  it('is written with the fence and the attempts of its run, then acknowledged', async () => {
    const { calls, events, settle } = setUp({ number: 2 });

    const settlement = await settle(answered(Uint8Array.of(1)));

    expect(settlement).toEqual({ outcome: 'succeeded' });
    expect(events).toEqual([
      {
        type: 'succeeded',
        fence: 7,
        attempts: 2,
        requestHash: 'hash',
        startedAt: 10,
        at: 1000,
        result: { contractHash: 'contract', payload: { kind: 'inline', bytes: Uint8Array.of(1) } },
      },
    ]);
    expect(calls).toEqual([['ack']]);
  });

  it.each([
    ['keeps its request where that costs nothing', true, BODY],
    ['keeps no request where a write costs by its size', undefined, undefined],
  ] as const)('%s', async (_, keepsRequests, envelope) => {
    const { events, settle } = setUp({ tasks: keepsRequests ? { keepsRequests } : {} });

    await settle(answered(Uint8Array.of(1)));

    expect(events.map((event) => event.type === 'succeeded' && event.envelope)).toEqual([envelope]);
  });

  it('leaves a blob of its own for every run, so that no later run changes the result that won', async () => {
    const { blobs, events, settle } = setUp();

    await settle(answered(new Uint8Array(MAX_INLINE_BYTES + 1)));
    await settle(answered(new Uint8Array(MAX_INLINE_BYTES + 2)));

    const keys = events.map((event) => event.type === 'succeeded' && event.result.payload);
    expect(keys).toEqual([...blobs].map(([key, { byteLength }]) => ({ kind: 'blob', key, size: byteLength })));
    expect(blobs.size).toBe(2);
    for (const key of blobs.keys()) expect(key).toMatch(/^results\/task\/.+/);
  });
});

describe('a large result that the store refuses', () => {
  const LARGE = new Uint8Array(MAX_INLINE_BYTES + 1);

  it.each(['missing', 'terminal', 'superseded'] as const)('is not kept: %s', async (outcome) => {
    const { blobs, settle } = setUp({ tasks: { apply: async () => outcome } });

    await settle(answered(LARGE));

    expect([...blobs.values()].map(({ byteLength }) => byteLength)).toEqual([0]);
  });

  it('is kept if it was recorded by an earlier try', async () => {
    let recorded: unknown;
    const { blobs, settle } = setUp({
      tasks: {
        async apply(_id, event) {
          recorded = event;
          return 'terminal';
        },
        get: async () => recorded as Task,
      },
    });

    await settle(answered(LARGE));

    expect([...blobs.values()]).toEqual([LARGE]);
  });

  it('changes no outcome while the store cannot be read', async () => {
    const get = () => Promise.reject(unavailable('store_unavailable', 'Away.', undefined));
    const { settle } = setUp({ tasks: { apply: async () => 'terminal', get } });

    expect(await settle(answered(LARGE))).toEqual({ outcome: 'already-ended' });
  });
});

describe('a queue that is away after the store has decided', () => {
  const refusing = (outcome: EventOutcome): SetUp => ({ isQueueAway: true, tasks: { apply: async () => outcome } });

  it.each([
    ['applied', 'succeeded'],
    ['terminal', 'already-ended'],
    ['superseded', 'lease-lost'],
  ] as const)('does not change the outcome: %s', async (decided, outcome) => {
    const { settle } = setUp(refusing(decided));

    expect(await settle(answered(Uint8Array.of(1)))).toEqual({ outcome });
  });

  it('keeps no answer out of the prediction log', async () => {
    const logged: unknown[] = [];
    const log = { takes: () => true, add: (record: unknown) => void logged.push(record) };

    await setUp({ isQueueAway: true, log }).settle(answered(Uint8Array.of(1)));

    expect(logged).toMatchObject([{ taskId: 'task', response: Uint8Array.of(1) }]);
  });
});

describe('a failure because a service cannot be reached', () => {
  it.each(['store_unavailable', 'queue_unavailable', 'registry_unavailable'])(
    'is tried again without a charge: %s',
    async (code) => {
      const { calls, events, settle } = setUp({ number: 3, random: () => 0.999 });

      const settlement = await settle(failed(code, true));

      expect(settlement).toMatchObject({ outcome: 'retried', error: { code } });
      // The seventh delivery: the pause is at its maximum.
      expect(calls).toEqual([['release', { attempts: 2, isSuspect: false, delaySeconds: 60 }]]);
      expect(events).toEqual([]);
    },
  );

  it('ends the task if the model says that a retry is useless', async () => {
    const { settle } = setUp();

    expect(await settle(failed('store_unavailable', false))).toMatchObject({ outcome: 'failed' });
  });
});

describe('a failure', () => {
  it('that is final ends the task', async () => {
    const { calls, events, settle } = setUp({ number: 2 });

    const settlement = await settle(failed('invalid_input', false));

    expect(settlement).toMatchObject({ outcome: 'failed', error: { code: 'invalid_input' } });
    expect(events).toMatchObject([{ type: 'failed', fence: 7, attempts: 2, startedAt: 10, at: 1000 }]);
    expect(calls).toEqual([['ack']]);
  });

  it.each([
    [1, 0, 0],
    [1, 0.999, 1],
    [2, 0.999, 2],
    [2, 0.25, 1],
  ])('after %i attempts is tried again after a random pause (%f: %i s)', async (number, random, delaySeconds) => {
    const { calls, settle } = setUp({ number, random: () => random });

    const settlement = await settle(failed('model_error', true));

    expect(settlement.outcome).toBe('retried');
    expect(calls).toEqual([['retry', { attempts: number, delaySeconds, isSuspect: false }]]);
  });

  it.each([
    ['ended its process', { mustRunAlone: false }, true],
    ['had to run alone', { mustRunAlone: true }, false],
  ])('of a run that %s leaves a suspect', async (_, attempt, isSuspect) => {
    const { calls, settle } = setUp(attempt);

    await settle(failed('model_crashed', true, isSuspect));

    expect(calls).toMatchObject([['retry', { isSuspect: true }]]);
  });

  it.each([
    [1, 'model_error', 'attempts_exhausted', 'Gave up after 1 attempt. Last error: It broke.'],
    [3, 'model_error', 'attempts_exhausted', 'Gave up after 3 attempts. Last error: It broke.'],
    [3, 'timeout', 'timeout', 'Gave up after 3 attempts. Last error: It broke.'],
  ])('of the last of %i attempts gives the task up', async (number, thrown, code, message) => {
    const { calls, settle } = setUp({ number, maxAttempts: number });

    const settlement = await settle(failed(thrown, true));

    expect(settlement.outcome).toBe('dead-lettered');
    expect(calls).toEqual([['reject', { code, message }, number]]);
  });
});

describe('a run that was ended early', () => {
  it.each([
    ['stopping', 'released', [['release', { attempts: 0, isSuspect: false }]]],
    ['task-ended', 'already-ended', [['ack']]],
    ['lease-lost', 'lease-lost', [['release', { delaySeconds: 30, keepFence: true, isSuspect: true }]]],
  ] as const)('because of %s is %s', async (cause, outcome, expected) => {
    const { calls, events, settle } = setUp();

    expect(await settle({ type: 'aborted', cause, ...TIMES })).toEqual({ outcome });
    expect(calls).toEqual(expected);
    expect(events).toEqual([]);
  });

  it('by its deadline expires the task', async () => {
    const { calls, events, settle } = setUp();

    expect(await settle({ type: 'aborted', cause: 'deadline', ...TIMES })).toEqual({ outcome: 'expired' });
    expect(events).toMatchObject([{ type: 'expired', at: 5000, requestHash: 'hash' }]);
    expect(calls).toEqual([['ack']]);
  });

  it.each<[string, number, readonly unknown[]]>([
    [
      'keeps the request of a task that a reader has ended as expired, for a retry',
      5000,
      [{ type: 'found', envelope: BODY }],
    ],
    ['keeps nothing of a task that was ended before its deadline', 3000, []],
  ])('%s', async (_, nowMs, found) => {
    const events: TaskEvent[] = [];
    const apply = async (_id: string, event: TaskEvent) => {
      events.push(event);
      return event.type === 'found' ? 'applied' : 'terminal';
    };
    const get = async () => aTask({ state: 'expired', requestHash: 'hash' });
    for (const end of [{ type: 'aborted', cause: 'task-ended', ...TIMES }, answered(Uint8Array.of(1))] as const) {
      events.length = 0;
      const { calls, settle } = setUp({ tasks: { apply, get }, clock: new ManualClock(nowMs) });

      expect(await settle(end)).toEqual({ outcome: 'already-ended' });
      expect(events.filter(({ type }) => type !== 'succeeded')).toMatchObject(found);
      expect(calls).toEqual([['ack']]);
    }
  });

  it.each([
    ['superseded', 'lease-lost', 'release'],
    ['terminal', 'already-ended', 'ack'],
    ['other-copy', 'already-ended', 'ack'],
  ] as const)('before it began, as the store answered %s, is %s', async (outcome, expected, call) => {
    const { calls, settle } = setUp();

    expect(await settle({ type: 'refused', outcome, ...TIMES })).toEqual({ outcome: expected });
    expect(calls.map((told) => (told as string[])[0])).toEqual([call]);
  });
});

describe('while the store is away', () => {
  const away = () => unavailable('store_unavailable', 'Away.', undefined);

  it('a result is written again, with growing pauses, until it is there', async () => {
    let failures = 3;
    const writtenAt: number[] = [];
    const { clock, calls, settle } = setUp({
      tasks: {
        async apply() {
          writtenAt.push(clock.now());
          if (failures-- > 0) throw away();
          return 'applied';
        },
      },
    });

    const settling = settle(answered(Uint8Array.of(1)));
    await clock.advance(0);
    await clock.advance(10_000);

    expect(await settling).toEqual({ outcome: 'succeeded' });
    expect(writtenAt).toEqual([1000, 1100, 1300, 1700]);
    expect(calls).toEqual([['ack']]);
  });

  it('a result is given up after eight tries', async () => {
    let tries = 0;
    const { clock, calls, settle } = setUp({
      tasks: {
        async apply() {
          tries++;
          throw away();
        },
      },
    });

    const settling = settle(answered(Uint8Array.of(1)));
    const refused = expect(settling).rejects.toMatchObject({ code: 'store_unavailable' });
    await clock.advance(0);
    await clock.advance(60_000);
    await refused;

    expect(tries).toBe(8);
    expect(calls).toEqual([]);
  });

  it('a result is given up at once when the lease is lost, or when no retry can help', async () => {
    let tries = 0;
    const fail = (error: () => Error): SetUp => ({
      tasks: {
        async apply() {
          tries++;
          throw error();
        },
      },
    });
    const lost = setUp(fail(away));
    lost.lease.abort();

    await expect(lost.settle(answered(Uint8Array.of(1)))).rejects.toThrow('Away.');
    for (const error of [new Error('A bug.'), new ModelyardError('internal', 'A bug.')]) {
      await expect(setUp(fail(() => error)).settle(answered(Uint8Array.of(1)))).rejects.toThrow('A bug.');
    }

    expect(tries).toBe(3);
  });
});
