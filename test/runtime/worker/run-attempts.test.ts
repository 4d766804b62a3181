import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { MemoryBlobStore } from '#adapters/memory/index.ts';
import type { Delivery, Envelope, EventOutcome, TaskEvent } from '#core';
import { type Attempt, repeat } from '#runtime/worker/attempt.ts';
import type { LiveRun, Outcome } from '#runtime/worker/model-life.ts';
import { type RunDeps, runAttempts } from '#runtime/worker/run-attempts.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { silentLogger } from '#test/support/silent-logger.ts';

const TIMEOUT_SECONDS = 3;

/** An attempt at its first run, with nothing to be recorded before it. */
function anAttempt(deadlineAt: number): Attempt {
  const delivery: Pick<Delivery, 'fence' | 'lease'> = { fence: 1, lease: new AbortController().signal };
  const envelope: Partial<Envelope> = { taskId: 'task', deadlineAt, copy: 0 };
  return {
    delivery: delivery as Delivery,
    envelope: envelope as Envelope,
    request: new Uint8Array(),
    receivedAt: 0,
    number: 1,
    mustRunAlone: false,
    claim: undefined,
    isRecorded: false,
    repetitions: 0,
  };
}

const NO_CANCELS: RunDeps['cancels'] = { mayStart: async () => true, watch: () => () => undefined };

/** How a run ends that takes too long, in a model that is in some condition. */
async function endOfTimeout(model: Partial<RunDeps['model'] & Pick<LiveRun, 'wasAlone' | 'wasStalled'>>) {
  const clock = new ManualClock();
  const never = new Promise<Outcome>(() => undefined);
  const deps: RunDeps = {
    model: {
      run: (requests) => ({
        outcomes: requests.map(() => never),
        abort: () => undefined,
        wasAlone: () => false,
        wasStalled: () => false,
        ...model,
      }),
      reacts: async () => true,
      condition: 'ready',
      ...model,
    },
    timeoutSeconds: TIMEOUT_SECONDS,
    tasks: { apply: async () => 'applied', get: async () => undefined },
    blobs: new MemoryBlobStore(),
    contractHash: 'c1',
    cancels: NO_CANCELS,
    clock,
    logger: silentLogger,
    stopNow: new AbortController().signal,
  };
  const { ends } = runAttempts(deps, [anAttempt(clock.now() + 3_600_000)]);
  // Lets the run begin before time moves on.
  await clock.advance(0);
  await clock.advance(TIMEOUT_SECONDS * 1000);
  return ends[0];
}

describe('a run that takes too long beside others', () => {
  it('is charged when the thread of the model was free', async () => {
    expect(await endOfTimeout({})).toMatchObject({ type: 'failed', error: { code: 'timeout' } });
  });

  it('is repeated alone when the thread does not react', async () => {
    expect(await endOfTimeout({ reacts: async () => false })).toMatchObject({ type: 'repeat', alone: true });
  });

  it('is repeated alone when another run had blocked the thread, though it is free again', async () => {
    const end = await endOfTimeout({ wasStalled: () => true });

    expect(end).toMatchObject({ type: 'repeat', alone: true });
  });
});

it('charges a run that takes too long alone, whatever the thread did', async () => {
  const end = await endOfTimeout({ wasAlone: () => true, wasStalled: () => true });

  expect(end).toMatchObject({ type: 'failed', error: { code: 'timeout' }, isSuspect: false });
});

const HOUR_MS = 3_600_000;
const START = { type: 'started', fence: 1, attempts: 1, copy: 0, alone: true, requestHash: undefined } as const;

/** Runs whose outcomes, store and leases the test decides about. */
function prepare({
  deadlineMs = HOUR_MS,
  timeoutSeconds = TIMEOUT_SECONDS,
  store = 'applied' as EventOutcome | Error,
} = {}) {
  const clock = new ManualClock();
  const outcomes: PromiseWithResolvers<Outcome>[] = [];
  const runs: unknown[] = [];
  const aborts: unknown[] = [];
  const events: TaskEvent[] = [];
  const warnings: unknown[] = [];
  const stop = new AbortController();
  const lease = new AbortController();
  const deps: RunDeps = {
    model: {
      run(requests) {
        runs.push(requests);
        outcomes.push(...requests.map(() => Promise.withResolvers<Outcome>()));
        return {
          outcomes: outcomes.map(({ promise }) => promise),
          abort: (position, cause) => void aborts.push([position, cause]),
          wasAlone: () => false,
          wasStalled: () => false,
        };
      },
      reacts: async () => true,
      condition: 'ready',
    },
    timeoutSeconds,
    blobs: new MemoryBlobStore(),
    contractHash: 'c1',
    tasks: {
      get: async () => undefined,
      async apply(_id, event) {
        events.push(event);
        if (store instanceof Error) throw store;
        return store;
      },
    },
    cancels: NO_CANCELS,
    clock,
    logger: { ...silentLogger, warn: (message, fields) => void warnings.push([message, fields]) },
    stopNow: stop.signal,
  };
  const attempt = (more: Partial<Attempt> = {}): Attempt => {
    const fresh = anAttempt(clock.now() + deadlineMs);
    return { ...fresh, delivery: { ...fresh.delivery, lease: lease.signal }, ...more };
  };
  const start = async (...attempts: readonly Attempt[]) => {
    const run = runAttempts(deps, attempts);
    for (const end of run.ends) end.catch(() => undefined);
    await clock.advance(0);
    return run;
  };
  return { clock, deps, outcomes, runs, aborts, events, warnings, stop, lease, attempt, start, startedAt: clock.now() };
}

describe('a run that has to be recorded before it begins', () => {
  it('begins once its start is recorded', async () => {
    const { attempt, start, events, runs, startedAt } = prepare();
    const suspect = attempt({ claim: START });

    await start(suspect);

    expect(events).toEqual([{ ...START, at: startedAt }]);
    expect(runs).toHaveLength(1);
    expect([suspect.isRecorded, suspect.claim]).toEqual([true, undefined]);
  });

  it('does not begin when the store refuses its start', async () => {
    const { attempt, start, runs, startedAt } = prepare({ store: 'superseded' });

    const { ends, finished } = await start(attempt({ claim: START }));
    await finished;

    expect(await ends[0]).toEqual({ type: 'refused', outcome: 'superseded', startedAt, endedAt: startedAt });
    expect(runs).toEqual([]);
  });

  it('rejects while the store is away, and lets the others of its batch run', async () => {
    const { attempt, start, runs, outcomes } = prepare({ store: new Error('away') });
    const body = Uint8Array.of(1);

    const { ends } = await start(attempt({ claim: START }), attempt({ request: body }));
    outcomes[0]?.resolve({ response: body });

    await expect(ends[0]).rejects.toThrow('away');
    expect(await ends[1]).toMatchObject({ type: 'answered', response: body });
    expect(runs).toMatchObject([[{ taskId: 'task', attempt: 1, trace: undefined, body }]]);
  });
});

describe('how a run ends', () => {
  const error = { code: 'model_error', message: 'It broke.', retryable: true };
  const exit = { description: 'was killed by SIGSEGV.' };
  const crash = { code: 'model_crashed', message: 'The model process was killed by SIGSEGV.', retryable: true };

  it.each<[Outcome, object]>([
    [{ response: Uint8Array.of(1) }, { type: 'answered', response: Uint8Array.of(1) }],
    [{ failure: error }, { type: 'failed', error, isSuspect: false }],
    [
      { exit, verdict: 'guilty' },
      { type: 'failed', error: crash, isSuspect: true },
    ],
    [
      { exit, verdict: 'repeat' },
      { type: 'repeat', alone: false },
    ],
    [
      { exit, verdict: 'repeat-alone' },
      { type: 'repeat', alone: true },
    ],
  ])('with %j', async (outcome, end) => {
    const { clock, attempt, start, outcomes, aborts, lease, stop, startedAt } = prepare();
    const { ends, finished } = await start(attempt());
    await clock.advance(100);

    outcomes[0]?.resolve(outcome);

    expect(await ends[0]).toStrictEqual({ ...end, startedAt, endedAt: startedAt + 100 });
    await finished;
    expect(aborts).toEqual([]);
    for (const signal of [lease.signal, stop.signal]) expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it.each([
    ['lease-lost', 'before'],
    ['lease-lost', 'after'],
    ['stopping', 'before'],
    ['stopping', 'after'],
  ] as const)('because of %s, %s it began', async (cause, when) => {
    const { attempt, start, aborts, lease, stop } = prepare();
    const controller = cause === 'stopping' ? stop : lease;
    if (when === 'before') controller.abort();

    const { ends } = await start(attempt());
    controller.abort();

    expect(await ends[0]).toMatchObject({ type: 'aborted', cause });
    expect(aborts).toEqual([[0, cause]]);
  });

  it.each([
    ['its deadline', { deadlineMs: 2000 }, 2000, { type: 'aborted', cause: 'deadline' }],
    ['a deadline before it is announced', { deadlineMs: 200 }, 200, { type: 'aborted', cause: 'deadline' }],
    ['a deadline that has passed', { deadlineMs: -5 }, 0, { type: 'aborted', cause: 'deadline' }],
    ['its timeout', {}, 3000, { type: 'failed', error: { code: 'timeout' } }],
    ['its timeout, which is its deadline', { deadlineMs: 3000 }, 3000, { type: 'failed', error: { code: 'timeout' } }],
  ])('at %s', async (_, options, ms, expected) => {
    const { clock, attempt, start, aborts, startedAt } = prepare(options);
    const { ends } = await start(attempt());

    await clock.advance(Math.max(0, ms - 1));
    const before = aborts.length;
    await clock.advance(1);

    expect(before).toBe(ms === 0 ? 1 : 0);
    expect(await ends[0]).toMatchObject({ ...expected, endedAt: startedAt + ms });
  });

  it.each([
    [1, 1000],
    [9, 3000],
  ])('at the timeout of %i seconds that its caller asked for, as far as the model allows', async (seconds, ms) => {
    const { clock, attempt, start, startedAt } = prepare();
    const own = attempt();

    const { ends } = await start({ ...own, envelope: { ...own.envelope, timeoutSeconds: seconds } });
    await clock.advance(ms);

    expect(await ends[0]).toMatchObject({ endedAt: startedAt + ms });
  });
});

describe('a run that takes a while', () => {
  it.each([
    [299, 0],
    [300, 1],
  ])('is recorded after 300 ms; after %i ms there are %i events', async (ms, count) => {
    const { clock, attempt, start, events, startedAt } = prepare();
    await start(attempt());

    await clock.advance(ms);

    expect(events).toEqual(Array.from({ length: count }, () => ({ ...START, alone: false, at: startedAt })));
  });

  it('is not recorded when it has ended, is recorded already, or ends then anyway', async () => {
    const { clock, attempt, start, events, outcomes } = prepare();
    await start(attempt());
    outcomes[0]?.resolve({ response: new Uint8Array() });
    await start(attempt({ isRecorded: true }));
    const short = prepare({ deadlineMs: 300 });
    await short.start(short.attempt());

    await Promise.all([clock.advance(400), short.clock.advance(400)]);

    expect([events, short.events]).toEqual([[], []]);
  });

  it.each([
    ['superseded', 'lease-lost'],
    ['terminal', 'task-ended'],
    ['missing', 'task-ended'],
  ] as const)('is ended when the store answers %s: %s', async (store, cause) => {
    const { clock, attempt, start } = prepare({ store });
    const { ends } = await start(attempt());

    await clock.advance(300);

    expect(await ends[0]).toMatchObject({ type: 'aborted', cause });
  });

  it('goes on when its start cannot be recorded', async () => {
    const { clock, attempt, start, outcomes, warnings } = prepare({ store: new Error('away') });
    const { ends } = await start(attempt());
    await clock.advance(300);

    outcomes[0]?.resolve({ response: Uint8Array.of(1) });

    expect(await ends[0]).toMatchObject({ type: 'answered' });
    expect(warnings).toEqual([[expect.any(String), { taskId: 'task', reason: 'Error: away' }]]);
  });
});

describe('a timeout in a batch', () => {
  it.each([
    [TIMEOUT_SECONDS, { type: 'repeat', alone: true }],
    [TIMEOUT_SECONDS - 1, { type: 'failed', isSuspect: true }],
  ])('of a request that may take %i seconds', async (seconds, expected) => {
    const { clock, attempt, start } = prepare();
    const own = attempt();

    const { ends } = await start({ ...own, envelope: { ...own.envelope, timeoutSeconds: seconds } }, attempt());
    await clock.advance(seconds * 1000);

    expect(await ends[0]).toMatchObject(expected);
  });
});

it.each([
  ['ready', false],
  ['blocked', true],
] as const)(
  'a timeout of the only request in a model that is %s leaves a suspect: %s',
  async (condition, isSuspect) => {
    expect(await endOfTimeout({ wasAlone: () => true, condition })).toMatchObject({ type: 'failed', isSuspect });
  },
);

describe('a repetition', () => {
  it('runs in company twice, and then alone, which is recorded first', () => {
    const { attempt } = prepare();
    const repeated = attempt();

    const states = [1, 2, 3, 4].map(() => {
      repeat(repeated, { alone: false });
      return [repeated.repetitions, repeated.mustRunAlone, repeated.claim];
    });

    expect(states).toEqual([
      [1, false, undefined],
      [2, false, undefined],
      [3, true, START],
      [4, true, START],
    ]);
  });

  it('runs alone at once when it has to, and records that once', () => {
    const { attempt } = prepare();
    const repeated = attempt();
    repeat(repeated, { alone: true });
    expect([repeated.mustRunAlone, repeated.claim]).toEqual([true, START]);
    repeated.claim = undefined;

    repeat(repeated, { alone: false });

    expect([repeated.mustRunAlone, repeated.claim]).toEqual([true, undefined]);
  });
});
