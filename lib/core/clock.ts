export const DAY_MS = 86_400_000;

/** Time as a dependency, so that tests control it. */
export interface Clock {
  /** Unix milliseconds. */
  now(): number;
  /** Resolves after `ms`, or when the signal aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** A reading of a store's clock, taken between a request and its response. All in Unix milliseconds. */
export interface ClockReading {
  /** By the clock of this process. */
  readonly sentAt: number;
  /** By the clock of this process. */
  readonly receivedAt: number;
  /** By the clock of the store. */
  readonly earliest: number;
  /** By the clock of the store; later than `earliest` where its resolution is coarse. */
  readonly latest: number;
}

/**
 * The clock of the task store, estimated from its responses. All processes write times and check deadlines with it, so
 * the clock of a single machine may be wrong. A process whose own clock agrees with the readings uses it unchanged.
 */
export class StoreClock implements Clock {
  readonly #own: Clock;
  #offsetMs = 0;

  constructor(own: Clock) {
    this.#own = own;
  }

  now(): number {
    return this.#own.now() + this.#offsetMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#own.sleep(ms, signal);
  }

  /** The clock of this process, for the times of a reading. */
  ownNow(): number {
    return this.#own.now();
  }

  /**
   * Corrects this clock as little as the reading requires. A clock that is far off is set to the middle of what the
   * reading allows: at its ends, two processes could differ by twice the resolution.
   */
  observe({ sentAt, receivedAt, earliest, latest }: ClockReading): void {
    // Ignored: the clock of this process was changed during the reading.
    if (receivedAt < sentAt) return;
    const least = earliest - receivedAt;
    const most = latest - sentAt;
    const nearest = Math.min(most, Math.max(least, this.#offsetMs));
    const isFarOff = Math.abs(nearest - this.#offsetMs) > most - least;
    this.#offsetMs = isFarOff ? Math.round((least + most) / 2) : nearest;
  }
}
