import { type MinuteCounts, STATS_KEPT_MINUTES, type StatCounts, type StatsStore } from '#core';
import { translated } from '../errors.ts';
import { fieldsOf, readKey } from '../read-key.ts';
import type { RedisStoreOptions } from '../tasks/redis-task-store.ts';

const KEPT_SECONDS = STATS_KEPT_MINUTES * 60;

/** Stores the counts of a model and a minute as a hash that expires. */
export class RedisStatsStore implements StatsStore {
  readonly flushMs = 1000;
  readonly #options: Pick<RedisStoreOptions, 'link' | 'prefix'>;

  constructor(options: Pick<RedisStoreOptions, 'link' | 'prefix'>) {
    this.#options = options;
  }

  add(model: string, minute: number, counts: StatCounts): Promise<void> {
    return translated('store_unavailable', async () => {
      const key = this.#key(model, minute);
      const commands = (await this.#options.link.text()).multi();
      for (const [field, count] of Object.entries(counts)) commands.hIncrBy(key, field, count);
      await commands.expire(key, KEPT_SECONDS).exec();
    });
  }

  read(model: string, { from, to }: { from: number; to: number }): Promise<readonly MinuteCounts[]> {
    return translated('store_unavailable', async () => {
      const minutes = Array.from({ length: to - from + 1 }, (_, i) => from + i);
      const found = await Promise.all(
        minutes.map(async (minute) => ({ minute, counts: await this.#read(model, minute) })),
      );
      return found.filter(({ counts }) => Object.keys(counts).length > 0);
    });
  }

  async #read(model: string, minute: number): Promise<StatCounts> {
    const fields = fieldsOf(await readKey(this.#options.link, this.#key(model, minute), ['HGETALL']));
    return Object.fromEntries([...fields].map(([field, count]) => [field, Number(count)]));
  }

  #key(model: string, minute: number): string {
    return `${this.#options.prefix}:stats:${model}:${minute}`;
  }
}
