import { MemoryStatsStore } from '#adapters/memory/stats/memory-stats-store.ts';
import { minuteOf, STAT_OUTCOMES, type StatOutcome, type StatsStore } from '#core';
import type { Actor } from '../engine/engine.ts';
import { SimClock } from '../engine/sim-clock.ts';
import { MODEL } from './sim-model.ts';
import type { World } from './world.ts';

/** The store of statistics, which is the reference. */
export class Statistics {
  readonly #world: World;
  readonly #store: MemoryStatsStore;

  constructor(world: World) {
    this.#world = world;
    this.#store = new MemoryStatsStore(new SimClock(world.engine, world.host('store').actor));
  }

  /** The store as one process sees it. */
  connect(actor: Actor): StatsStore {
    const call = this.#world.caller(actor, 'store');
    return {
      flushMs: this.#store.flushMs,
      add: (model, minute, counts) => call('count', () => this.#store.add(model, minute, counts)),
      read: (model, range) => call('counts', () => this.#store.read(model, range)),
    };
  }

  /** All that was counted. */
  async total(): Promise<Readonly<Record<StatOutcome, number>>> {
    const to = minuteOf(this.#world.engine.unixMs) + 1;
    const minutes = await this.#store.read(MODEL, { from: 0, to });
    const sum = (outcome: string) => minutes.reduce((all, { counts }) => all + (counts[outcome] ?? 0), 0);
    return Object.fromEntries(STAT_OUTCOMES.map((outcome) => [outcome, sum(outcome)])) as Record<StatOutcome, number>;
  }
}
