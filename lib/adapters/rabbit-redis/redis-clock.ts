import type { StoreClock } from '#core';
import { translated } from './errors.ts';
import type { RedisLink } from './redis-link.ts';

/** Clocks drift by much less than a second in this time. */
const INTERVAL_MS = 30_000;

/** Sets a `StoreClock` by the clock of Redis, at the start and then every 30 seconds. */
export class RedisClockReader {
  readonly #link: RedisLink;
  readonly #clock: StoreClock;
  #timer: NodeJS.Timeout | undefined;

  constructor(link: RedisLink, clock: StoreClock) {
    this.#link = link;
    this.#clock = clock;
  }

  /** Resolves when the clock is set. Rejects with `store_unavailable`. */
  async start(): Promise<void> {
    await this.#read();
    // Recovery: during an outage the clock continues from its last setting.
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
