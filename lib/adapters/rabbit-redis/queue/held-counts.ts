import type { Clock } from '#core';
import type { RedisLink } from '../redis-link.ts';

interface HeldCountsOptions {
  readonly link: RedisLink;
  readonly prefix: string;
  readonly clock: Clock;
}

/** A count is believed this long after it was last told. */
const BELIEVED_MS = 60_000;

/**
 * How many deliveries consumers hold. RabbitMQ tells this only through its management plugin, and late; so
 * consumers tell each other here.
 */
export class HeldCounts {
  readonly #options: HeldCountsOptions;

  constructor(options: HeldCountsOptions) {
    this.#options = options;
  }

  /** What one consumer of a queue holds. Best effort: a count that is not heard is told again with the next change. */
  async tell(queue: string, consumer: string, count: number): Promise<void> {
    const { link, clock } = this.#options;
    try {
      const client = await link.text();
      const key = this.#key(queue);
      if (count === 0) await client.hDel(key, consumer);
      else {
        const row = `${count} ${clock.now() + BELIEVED_MS}`;
        await client.multi().hSet(key, consumer, row).pExpire(key, BELIEVED_MS).exec();
      }
    } catch {
      // Recovery: approximate counts may miss one; the task itself is not affected.
    }
  }

  /** The sum over all consumers of a queue; 0 while nobody can tell. */
  async total(queue: string): Promise<number> {
    try {
      const rows = await (await this.#options.link.text()).hVals(this.#key(queue));
      const now = this.#options.clock.now();
      return rows
        .map((row) => row.split(' ').map(Number))
        .reduce((sum, [count = 0, believedUntil = 0]) => (believedUntil > now ? sum + count : sum), 0);
    } catch {
      // Recovery: the counts of the broker are worth having without these.
      return 0;
    }
  }

  #key(queue: string): string {
    return `${this.#options.prefix}:held:${queue}`;
  }
}
