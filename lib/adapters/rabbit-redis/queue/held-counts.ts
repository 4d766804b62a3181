import { randomUUID } from 'node:crypto';
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

/** Changes are told at most this often, so that telling costs next to nothing under load. */
const MIN_INTERVAL_MS = 200;
/** Well before a count is no longer believed. */
const REMINDER_MS = 20_000;

/** Tells what one consumer holds. */
export class HeldReporter {
  readonly #counts: HeldCounts;
  readonly #queue: string;
  readonly #count: () => number;
  readonly #id = randomUUID();
  readonly #reminder: NodeJS.Timeout;
  #told = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(counts: HeldCounts, queue: string, count: () => number) {
    this.#counts = counts;
    this.#queue = queue;
    this.#count = count;
    this.#reminder = setInterval(() => this.#told > 0 && this.#tell(), REMINDER_MS);
    this.#reminder.unref();
  }

  /** The count may be another one than before. */
  changed(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (this.#count() !== this.#told) void this.#tell();
    }, MIN_INTERVAL_MS).unref();
  }

  async close(): Promise<void> {
    clearInterval(this.#reminder);
    clearTimeout(this.#timer);
    if (this.#told > 0) await this.#tell();
  }

  #tell(): Promise<void> {
    this.#told = this.#count();
    return this.#counts.tell(this.#queue, this.#id, this.#told);
  }
}
