import type { StoreClock } from '#core';
import { translated } from './errors.ts';
import type { RedisLink } from './redis-link.ts';

/** Clocks of machines drift apart by much less than a second within this time. */
const INTERVAL_MS = 30_000;

/** Sets a clock by the clock of Redis, once and then twice a minute. */
export class RedisClockReader {
  readonly #link: RedisLink;
  readonly #clock: StoreClock;
  #timer: NodeJS.Timeout | undefined;

  constructor(link: RedisLink, clock: StoreClock) {
    this.#link = link;
    this.#clock = clock;
  }

  /** Resolves when the clock is set for the first time. Rejects with `store_unavailable`. */
  async start(): Promise<void> {
    await this.#read();
    // Recovery: without an answer the clock goes on as it was set last.
    this.#timer ??= setInterval(() => this.#read().catch(() => undefined), INTERVAL_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #read(): Promise<void> {
    return translated('store_unavailable', async () => {
      const client = await this.#link.text();
      const sentAt = this.#clock.ownNow();
      const [seconds, microseconds] = await client.sendCommand<[string, string]>(['TIME']);
      const time = Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
      this.#clock.observe({ sentAt, receivedAt: this.#clock.ownNow(), earliest: time, latest: time });
    });
  }
}
