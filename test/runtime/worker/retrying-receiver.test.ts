import { describe, expect, it } from 'vitest';
import { type Delivery, ModelyardError, type TaskConsumer, unavailable } from '#core';
import { createRetryingReceiver } from '#runtime/worker/retrying-receiver.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { silentLogger } from '#test/support/silent-logger.ts';

const DELIVERIES = [{} as Delivery];
const away = unavailable('queue_unavailable', 'Away.', undefined);

/** A receiver whose consumer answers in turn; the last answer is repeated. */
function prepare(...answers: (readonly Delivery[] | Error)[]) {
  const clock = new ManualClock(0);
  const asked: (readonly [number, number])[] = [];
  const logs: unknown[] = [];
  const stop = new AbortController();
  const consumer: TaskConsumer = {
    async receive(max) {
      asked.push([clock.now(), max]);
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      if (answer instanceof Error) throw answer;
      return answer ?? [];
    },
    close: async () => undefined,
  };
  const logger = {
    ...silentLogger,
    info: (_: string, fields?: object) => void logs.push(fields),
    warn: (_: string, fields?: object) => void logs.push(fields),
  };
  const maxOutageMs = 10_000;
  const receive = createRetryingReceiver({
    consumer,
    clock,
    logger,
    signal: stop.signal,
    random: () => 0.5,
    maxOutageMs,
  });
  return { clock, asked, logs, stop, receive };
}

describe('a retrying receiver', () => {
  it('receives at once while the queue is there, and says nothing', async () => {
    const { receive, asked, logs } = prepare(DELIVERIES);

    expect(await receive(7)).toBe(DELIVERIES);
    expect([asked, logs]).toEqual([[[0, 7]], []]);
  });

  it('tries again with growing pauses, and logs how long the queue was away', async () => {
    const { clock, receive, asked, logs } = prepare(away, away, away, DELIVERIES);

    const received = receive(7);
    await clock.advance(0);
    await clock.advance(5000);

    expect(await received).toBe(DELIVERIES);
    expect(asked.map(([at]) => at)).toEqual([0, 125, 375, 875]);
    expect(logs).toEqual([
      { reason: 'Away.', pauseMs: 125, failures: 1 },
      { reason: 'Away.', pauseMs: 250, failures: 2 },
      { reason: 'Away.', pauseMs: 500, failures: 3 },
      { outageMs: 875 },
    ]);
  });

  it('begins anew after the queue was back', async () => {
    const { clock, receive, logs } = prepare(away, DELIVERIES, away, DELIVERIES);
    for (let i = 0; i < 2; i++) {
      const received = receive(1);
      await clock.advance(0);
      await clock.advance(1000);
      await received;
    }

    expect(logs).toMatchObject([{ failures: 1 }, { outageMs: 125 }, { failures: 1 }, { outageMs: 125 }]);
  });

  it('rejects with the last error after the maximum outage, and not before', async () => {
    const { clock, receive, asked } = prepare(away);
    const refused = expect(receive(1)).rejects.toBe(away);

    await clock.advance(0);
    await clock.advance(20_000);
    await refused;

    // The last try is the first one that is ten seconds late.
    const times = asked.map(([at]) => at);
    expect(times.at(-1)).toBeGreaterThanOrEqual(10_000);
    expect(times.at(-2)).toBeLessThan(10_000);
  });

  it.each([new Error('A defect.'), new ModelyardError('internal', 'A defect.')])(
    'rejects at once with an error that cannot be retried: %s',
    async (error) => {
      const { receive, asked } = prepare(error);

      await expect(receive(1)).rejects.toBe(error);
      expect(asked).toHaveLength(1);
    },
  );

  it('ends with nothing when it is told to stop', async () => {
    const { clock, receive, asked, stop } = prepare(away);
    const received = receive(1);
    await clock.advance(0);

    stop.abort();

    expect(await received).toEqual([]);
    expect(await receive(1)).toEqual([]);
    expect(asked).toHaveLength(1);
  });
});
