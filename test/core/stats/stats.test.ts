import { describe, expect, it } from 'vitest';
import { MemoryStatsStore } from '#adapters/memory/index.ts';
import { countEnd, keysOfEnd, minuteOf, readStats } from '#core';
import { StatsRecorder } from '#runtime/instance/stats-recorder.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { silentLogger } from '#test/support/silent-logger.ts';

describe('statistics of a model', () => {
  it('have quantiles at most 5 % off, over all minutes and each of them', async () => {
    const clock = new ManualClock();
    const stats = new MemoryStatsStore(clock);
    const minute = minuteOf(clock.now());
    for (let ms = 1; ms <= 1000; ms++) {
      const keys = keysOfEnd({ outcome: 'succeeded', queuedMs: ms * 10, runMs: ms });
      await stats.add('m', minute - (ms % 2), Object.fromEntries(keys.map((key) => [key, 1])));
    }

    const { total, series } = await readStats({ stats, clock }, { model: 'm', minutes: 3 });

    const isNear = (actual: number | undefined, expected: number) =>
      expect(Math.abs((actual ?? 0) / expected - 1)).toBeLessThan(0.05);
    isNear(total.runMs?.p50, 500);
    isNear(total.runMs?.p90, 900);
    isNear(total.queueMs?.p99, 9900);
    expect(series.map(({ minute: at, succeeded }) => [minute - at, succeeded])).toEqual([
      [2, 0],
      [1, 500],
      [0, 500],
    ]);
    expect(series[0]?.runMs).toBeUndefined();
    isNear(series[2]?.runMs?.p50, 500);
  });
});

describe('a task that ended', () => {
  it('is counted with the times that are known, also those below a millisecond', async () => {
    const clock = new ManualClock();
    const stats = new MemoryStatsStore(clock);
    const add = (end: Parameters<typeof keysOfEnd>[0]) =>
      stats.add('m', minuteOf(clock.now()), Object.fromEntries(keysOfEnd(end).map((key) => [key, 1])));

    await add({ outcome: 'failed' });
    await add({ outcome: 'succeeded', queuedMs: 0, runMs: 0.5 });
    await add({ outcome: 'succeeded', runMs: 1 });
    const { total } = await readStats({ stats, clock }, { model: 'm', minutes: 1 });

    expect(keysOfEnd({ outcome: 'failed' })).toEqual(['failed']);
    expect(total).toMatchObject({ failed: 1, succeeded: 2, queueMs: { p50: 0, p99: 0 } });
    expect(total.runMs?.p50).toBe(0);
    expect(total.runMs?.p99).toBeCloseTo(2 ** (1 / 16));
  });

  it('without an instance is counted where counts are kept, and its end does not wait for that', async () => {
    const clock = new ManualClock();
    const stats = new MemoryStatsStore(clock);
    const end = { state: 'expired', at: clock.now() } as const;

    await countEnd(stats, 'm', end);
    expect(countEnd(undefined, 'm', end)).toBeUndefined();
    await expect(countEnd({ add: () => Promise.reject(new Error('away')) }, 'm', end)).resolves.toBeUndefined();

    expect((await readStats({ stats, clock }, { model: 'm', minutes: 1 })).total).toMatchObject({ expired: 1 });
  });
});

describe('an instance', () => {
  it('writes the counts of many tasks at once, and the rest when it stops', async () => {
    const clock = new ManualClock();
    const stats = new MemoryStatsStore(clock);
    let writes = 0;
    const counting = {
      flushMs: 60_000,
      add: async (...counted: Parameters<MemoryStatsStore['add']>) => {
        writes += 1;
        await stats.add(...counted);
      },
    };
    const recorder = new StatsRecorder({ model: 'm', stats: counting, clock, logger: silentLogger });
    const end = (outcome: 'succeeded' | 'retried' | 'released') =>
      recorder.attemptEnded({ outcome, attempt: 1, queuedMs: 5, runMs: 7 });

    for (let i = 0; i < 50; i++) end('succeeded');
    end('retried');
    end('released');
    await clock.advance(60_000);
    expect(writes).toBe(1);
    end('succeeded');
    await recorder.close();

    const { total } = await readStats({ stats, clock }, { model: 'm', minutes: 5 });
    expect(total).toMatchObject({ succeeded: 51, retried: 1, failed: 0 });
    expect(writes).toBe(2);
  });
});
