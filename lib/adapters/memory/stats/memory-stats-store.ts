import type { Clock } from '#core';
import { type MinuteCounts, minuteOf, STATS_KEPT_MINUTES, type StatCounts, type StatsStore } from '#core';

/** The reference implementation of the port. */
export class MemoryStatsStore implements StatsStore {
  readonly flushMs = 1000;
  readonly #clock: Clock;
  /** By model, then by minute. */
  readonly #models = new Map<string, Map<number, StatCounts>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async add(model: string, minute: number, counts: StatCounts): Promise<void> {
    const minutes = this.#models.get(model) ?? new Map<number, StatCounts>();
    this.#models.set(model, minutes);
    const before = minutes.get(minute) ?? {};
    const sums = Object.entries(counts).map(([key, count]) => [key, (before[key] ?? 0) + count]);
    minutes.set(minute, { ...before, ...Object.fromEntries(sums) });
    const oldest = minuteOf(this.#clock.now()) - STATS_KEPT_MINUTES;
    for (const old of minutes.keys()) if (old < oldest) minutes.delete(old);
  }

  async read(model: string, { from, to }: { from: number; to: number }): Promise<readonly MinuteCounts[]> {
    const minutes = [...(this.#models.get(model) ?? [])].map(([minute, counts]) => ({ minute, counts }));
    return minutes.filter(({ minute }) => minute >= from && minute <= to).sort((a, b) => a.minute - b.minute);
  }
}
