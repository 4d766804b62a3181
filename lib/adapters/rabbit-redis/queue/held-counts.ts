import { randomUUID } from 'node:crypto';
import type { Clock } from '#core';
import type { RedisLink } from '../redis-link.ts';

interface HeldCountsOptions {
  readonly link: RedisLink;
  readonly prefix: string;
  readonly clock: Clock;
}

/** How long a published count is valid. */
const VALID_MS = 60_000;

/**
 * Counts the deliveries that consumers hold. RabbitMQ has this number only in its management plugin, and with a delay.
 * Therefore consumers publish it in Redis.
 */
export class HeldCounts {
  readonly #options: HeldCountsOptions;

  constructor(options: HeldCountsOptions) {
    this.#options = options;
  }

  /** Publishes the count of one consumer. Best effort: the next change or reminder publishes it again. */
  async publish(queue: string, consumer: string, count: number): Promise<void> {
    const { link, clock } = this.#options;
    try {
      const client = await link.text();
      const key = this.#key(queue);
      if (count === 0) await client.hDel(key, consumer);
      else {
        const row = `${count} ${clock.now() + VALID_MS}`;
        await client.multi().hSet(key, consumer, row).pExpire(key, VALID_MS).exec();
      }
    } catch {
      // Recovery: the counts are approximate and do not affect tasks.
    }
  }

  /** Sum over all consumers of a queue; 0 during an outage of Redis. */
  async total(queue: string): Promise<number> {
    try {
      const rows = await (await this.#options.link.text()).hVals(this.#key(queue));
      const now = this.#options.clock.now();
      return rows
        .map((row) => row.split(' ').map(Number))
        .reduce((sum, [count = 0, validUntil = 0]) => (validUntil > now ? sum + count : sum), 0);
    } catch {
      // Recovery: the broker's own counts are still useful.
      return 0;
    }
  }

  #key(queue: string): string {
    return `${this.#options.prefix}:held:${queue}`;
  }
}

/** Minimum interval between two publications. Keeps the cost low under load. */
const MIN_INTERVAL_MS = 200;
/** Less than `VALID_MS`, so that a count stays valid. */
const REMINDER_MS = 20_000;

/** Publishes the count of one consumer. */
export class HeldReporter {
  readonly #counts: HeldCounts;
  readonly #queue: string;
  readonly #count: () => number;
  readonly #id = randomUUID();
  readonly #reminder: NodeJS.Timeout;
  #published = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(counts: HeldCounts, queue: string, count: () => number) {
    this.#counts = counts;
    this.#queue = queue;
    this.#count = count;
    this.#reminder = setInterval(() => this.#published > 0 && this.#publish(), REMINDER_MS);
    this.#reminder.unref();
  }

  /** Call when the count may have changed. */
  changed(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (this.#count() !== this.#published) void this.#publish();
    }, MIN_INTERVAL_MS).unref();
  }

  async close(): Promise<void> {
    clearInterval(this.#reminder);
    clearTimeout(this.#timer);
    if (this.#published > 0) await this.#publish();
  }

  #publish(): Promise<void> {
    this.#published = this.#count();
    return this.#counts.publish(this.#queue, this.#id, this.#published);
  }
}
