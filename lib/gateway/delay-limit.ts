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
interface Sample extends TimeSpent {
  /** Above 1 if it was too long. */
  readonly excess: number;
  /** The place at which the delay would have been the allowed one, by Little's law. */
  readonly fittingPlace: number;
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
  #inProgress = 0;
  #intervalFrom: number;
  #best: Sample | undefined;
  #hasRefused = false;
  #delayMs = 0;
  /** Average delay of requests that were alone, so that no queue of this group was the reason. */
  #aloneMs = 0;

  constructor({ max, now }: DelayLimitOptions) {
    this.#max = max;
    this.#now = now;
    this.#limit = max;
    this.#intervalFrom = now();
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
    if (!this.#best || now - this.#intervalFrom < INTERVAL_MS) return;
    this.#adapt(this.#best);
    this.#begin(now);
  }

  #learn(place: number, { delayMs, runMs }: TimeSpent): void {
    if (place === 1) this.#aloneMs += (Math.min(delayMs, INTERVAL_MS) - this.#aloneMs) * ALONE_WEIGHT;
    // For each request that runs, one may wait: then the next run begins as soon as one ends.
    const allowedMs = TARGET_MS + this.#aloneMs + runMs;
    const excess = delayMs / allowedMs;
    if (this.#best && this.#best.excess <= excess) return;
    this.#best = { delayMs, runMs, excess, fittingPlace: (place * (allowedMs + runMs)) / (delayMs + runMs) };
  }

  #adapt({ excess, fittingPlace, delayMs }: Sample): void {
    this.#delayMs = delayMs;
    const most = Math.min(this.#max, MAX_GROWTH * this.#limit);
    if (excess > 1) this.#limit = Math.max(1, Math.min(this.#limit, fittingPlace));
    // Where nobody was refused, the limit is forgotten, so that the next burst is let in.
    else this.#limit = this.#hasRefused ? Math.min(most, Math.max(this.#limit, fittingPlace)) : most;
  }

  /** Nothing is in progress: an interval without requests was one without delay. */
  #relax(): void {
    const now = this.#now();
    const intervals = Math.floor((now - this.#intervalFrom) / INTERVAL_MS);
    if (intervals < 1) return;
    if (this.#limit < this.#max) this.#limit = Math.min(this.#max, this.#limit * MAX_GROWTH ** intervals);
    this.#begin(now);
  }

  #begin(now: number): void {
    this.#best = undefined;
    this.#hasRefused = false;
    this.#intervalFrom = now;
  }
}
