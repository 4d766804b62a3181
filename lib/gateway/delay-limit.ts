/**
 * The queueing delay that is worth having, in milliseconds. A queue of this length keeps every consumer busy, and people
 * still take an answer after a tenth of a second for an immediate one. It is a time, not a number of requests, so that
 * it suits machines and models of any speed.
 */
export const TARGET_MS = 100;
/** A queue that empties within this time is a burst, which is served. One that does not is shortened. */
export const INTERVAL_MS = 5 * TARGET_MS;
/** The limit at most doubles in an interval. */
const MAX_GROWTH = 2;
/** A burst may take this many runs of each slot besides. */
const BURST_RUNS = 20;
/** From this share of the allowed delay on, a queue was the reason, and tells how fast it moves. */
const EVIDENT_EXCESS = 0.1;
/** Weight of a sample in the average of requests that were alone. */
const ALONE_WEIGHT = 1 / 8;

export interface DelayLimitOptions {
  /** The limit while nothing is known, and the highest one. */
  readonly max: number;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

/** A request that was let in. */
export interface Entry {
  /** The number of requests in progress, itself included. */
  readonly place: number;
  readonly enteredAt: number;
}

/** What the time of a request was spent on, in milliseconds. */
export interface TimeSpent {
  readonly delayMs: number;
  /** The run of a model, which no queue makes longer. */
  readonly runMs: number;
}

/** How the delay of one request relates to the allowed one. */
interface Sample {
  readonly place: number;
  readonly delayMs: number;
  /** Above 1 if it was too long. */
  readonly excess: number;
  /** The place at which the delay would have been the allowed one, by Little's law. */
  readonly fittingPlace: number;
  /** The place of the last one of the longest burst. */
  readonly burstPlace: number;
}

/**
 * Limits requests in progress by their delay. As in CoDel (RFC 8289), only the least delay of an interval counts, which
 * tells a standing queue from a burst. As in the gradient limits of Netflix's `concurrency-limits`, the limit is
 * multiplied by the allowed delay over the measured one.
 */
export class DelayLimit {
  readonly #max: number;
  readonly #now: () => number;
  #limit: number;
  /** The highest limit while nobody is refused. */
  #burst: number;
  #inProgress = 0;
  #intervalFrom: number;
  #idleFrom: number;
  #best: Sample | undefined;
  #hasRefused = false;
  #delayMs = 0;
  /** Average delay of requests that were alone, so that no queue of this group was the reason. */
  #aloneMs = 0;

  constructor({ max, now }: DelayLimitOptions) {
    this.#max = max;
    this.#now = now;
    this.#limit = max;
    this.#burst = max;
    this.#intervalFrom = now();
    this.#idleFrom = this.#intervalFrom;
  }

  /** The least delay of the latest interval, in milliseconds. */
  get delayMs(): number {
    return this.#delayMs;
  }

  get limit(): number {
    return Math.floor(this.#limit);
  }

  get inProgress(): number {
    return this.#inProgress;
  }

  /** Undefined when the limit is reached. */
  enter(): Entry | undefined {
    if (this.#inProgress === 0) this.#relax();
    if (this.#inProgress >= this.limit) {
      this.#hasRefused = true;
      return undefined;
    }
    this.#inProgress += 1;
    return { place: this.#inProgress, enteredAt: this.#now() };
  }

  /** To be called once per entry. Without times, nothing is learned. */
  leave({ place, enteredAt }: Entry, spent?: TimeSpent): void {
    this.#inProgress -= 1;
    // Of the time before the latest change, nothing can be learned about the limit since.
    if (spent && enteredAt >= this.#intervalFrom) this.#learn(place, spent);
    const now = this.#now();
    if (this.#inProgress === 0) this.#idleFrom = now;
    if (!this.#best || now - this.#intervalFrom < INTERVAL_MS) return;
    this.#adapt(this.#best);
    this.#begin(now);
  }

  #learn(place: number, { delayMs, runMs }: TimeSpent): void {
    if (place === 1) this.#aloneMs += (Math.min(delayMs, INTERVAL_MS) - this.#aloneMs) * ALONE_WEIGHT;
    // For each request that runs, one may wait: then the next run begins as soon as one ends.
    const allowedMs = TARGET_MS + runMs;
    const excess = Math.max(0, delayMs - this.#aloneMs) / allowedMs;
    // Who was alone met no queue of this group, which a lower limit would make shorter.
    if ((place === 1 && excess > 1) || (this.#best && this.#best.excess <= excess)) return;
    const perMs = place / (delayMs + runMs);
    const fittingPlace = perMs * (allowedMs + this.#aloneMs + runMs);
    const burstPlace = fittingPlace + perMs * (INTERVAL_MS + BURST_RUNS * runMs);
    this.#best = { place, delayMs, excess, fittingPlace, burstPlace };
  }

  #adapt({ place, excess, fittingPlace, burstPlace, delayMs }: Sample): void {
    this.#delayMs = delayMs;
    if (excess >= EVIDENT_EXCESS && place > 1) this.#burst = Math.min(this.#max, Math.max(1, burstPlace));
    if (excess > 1) this.#limit = Math.max(1, Math.min(this.#limit, fittingPlace));
    else if (this.#hasRefused) this.#limit = Math.max(this.#limit, Math.min(MAX_GROWTH * this.#limit, fittingPlace));
    // The limit is forgotten where nobody was refused, so that the next burst is let in.
    else this.#limit = Math.min(this.#burst, MAX_GROWTH * this.#limit);
    this.#limit = Math.min(this.#max, this.#limit);
  }

  /** An interval in which nothing was in progress was one without delay. */
  #relax(): void {
    const now = this.#now();
    const intervals = Math.floor((now - this.#idleFrom) / INTERVAL_MS);
    if (intervals < 1) return;
    if (this.#limit < this.#burst) this.#limit = Math.min(this.#burst, this.#limit * MAX_GROWTH ** intervals);
    this.#begin(now);
  }

  #begin(now: number): void {
    this.#best = undefined;
    this.#hasRefused = false;
    this.#intervalFrom = now;
  }
}
