import { describe, expect, it } from 'vitest';
import {
  createBacklog,
  createForecaster,
  type Instance,
  ModelyardError,
  meanServiceMs,
  type QueueDepth,
  type ServedModel,
} from '#core';
import { ManualClock } from '#test/support/manual-clock.ts';
import { anInstance } from '#test/support/registry.ts';
import { aTask } from '#test/support/tasks.ts';

const EMPTY: QueueDepth = { visible: 0, inFlight: 0, delayed: 0, deadLetters: 0 };

function forecaster(serving: readonly Instance[], depth: () => Promise<QueueDepth>) {
  const clock = new ManualClock();
  let asked = 0;
  const queues = () => ({
    depth: () => {
      asked++;
      return depth();
    },
  });
  const backlog = createBacklog({ queues: queues as never, clock });
  const models = { served: async () => ({ serving }) as unknown as ServedModel };
  return { clock, backlog, forecast: createForecaster({ models, backlog, clock }), asked: () => asked };
}

const instance = (slots: number, serviceMs?: number) => anInstance({ slots, ...(serviceMs ? { serviceMs } : {}) });

describe('the forecast of a queued task', () => {
  it('counts what has to be worked off before the last one begins', async () => {
    const { forecast, clock } = forecaster([instance(2, 1000), instance(2, 500)], async () => ({
      ...EMPTY,
      visible: 8,
      inFlight: 4,
    }));

    // Eight wait behind four busy slots, which end six tasks a second.
    const { position, startsAt, endsAt } = await forecast(aTask());

    expect([position, Math.round(Number(startsAt) - clock.now())]).toEqual([8, Math.round(8 / 0.006)]);
    expect(Number(endsAt) - Number(startsAt)).toBeCloseTo(750);
  });

  it('begins now where a slot is free, even when no task has run yet', async () => {
    const { forecast, clock } = forecaster([instance(2)], async () => ({ ...EMPTY, visible: 1 }));

    expect(await forecast(aTask())).toEqual({ position: 1, startsAt: clock.now() });
  });

  it('knows only the position while nobody serves, or nobody has run a task yet', async () => {
    const depth = async () => ({ ...EMPTY, visible: 3 });

    expect(await forecaster([], depth).forecast(aTask())).toEqual({ position: 3 });
    expect(await forecaster([instance(1)], depth).forecast(aTask())).toEqual({ position: 3 });
  });

  it('is at least the first of the line: what was received may not be announced yet', async () => {
    const { forecast } = forecaster([instance(1, 100)], async () => ({ ...EMPTY, inFlight: 1 }));

    expect((await forecast(aTask())).position).toBe(1);
  });

  it('knows nothing while the queue is away', async () => {
    const { forecast } = forecaster([instance(1, 100)], () =>
      Promise.reject(new ModelyardError('queue_unavailable', 'Away.', { retryable: true })),
    );

    expect(await forecast(aTask())).toEqual({});
  });

  it('does not hide a defect', async () => {
    const { forecast } = forecaster([instance(1, 100)], () => Promise.reject(new TypeError('A defect.')));

    await expect(forecast(aTask())).rejects.toThrow('A defect.');
  });

  it('leaves no timer behind', async () => {
    const { forecast, clock } = forecaster([instance(1, 100)], async () => EMPTY);
    const signals: (AbortSignal | undefined)[] = [];
    const { sleep } = clock;
    clock.sleep = (ms, signal) => {
      signals.push(signal);
      return sleep.call(clock, ms, signal);
    };

    await forecast(aTask());

    expect(signals.map((signal) => signal?.aborted)).toEqual([true]);
  });

  it('does not wait for a queue that does not answer', async () => {
    const { forecast, clock } = forecaster([instance(1, 100)], () => new Promise(() => undefined));

    const answer = forecast(aTask());
    await clock.advance(500);

    expect(await answer).toEqual({});
  });

  it('asks the queue once a second, and adds what was accepted since', async () => {
    const { forecast, backlog, asked } = forecaster([instance(1, 100)], async () => ({ ...EMPTY, visible: 1 }));

    await forecast(aTask());
    backlog.note('model_a', 1);
    backlog.note('model_a', 1);

    expect((await forecast(aTask())).position).toBe(3);
    expect(asked()).toBe(1);
  });
});

describe('the forecast of a running task', () => {
  it('ends when runs usually end, and never in the past', async () => {
    const { forecast, clock, asked } = forecaster([instance(1, 2000)], async () => EMPTY);
    const now = clock.now();

    expect(await forecast(aTask({ state: 'running', startedAt: now - 500 }))).toEqual({ endsAt: now + 1500 });
    expect(await forecast(aTask({ state: 'running', startedAt: now - 9000 }))).toEqual({ endsAt: now });
    expect(asked()).toBe(0);
  });
});

it('the mean time of a task is weighted by slots, of instances that have run one', () => {
  expect(meanServiceMs([instance(3, 100), instance(1, 500), instance(9)])).toBe(200);
  expect(meanServiceMs([instance(1)])).toBeUndefined();
});
