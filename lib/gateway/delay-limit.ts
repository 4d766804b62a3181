import { TargetDelay } from './target-delay.ts';

/** A queue that empties within this time is a burst and is served. A standing queue is shortened. */
export const INTERVAL_MS = 500;
/** Maximum growth of the limit per interval. */
const MAX_GROWTH = 2;
/** Additional runs per slot that a burst may take. */
const BURST_RUNS = 20;
/** Minimum share of the allowed delay that shows a queue and its speed. */
const EVIDENT_EXCESS = 0.1;
/** Weight of a sample in the average of requests without concurrency. */
const ALONE_WEIGHT = 1 / 8;

export interface DelayLimitOptions {
  /** The initial limit and its maximum. */
  readonly max: number;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

/** An admitted request. */
export interface Entry {
  /** Number of requests in progress at its arrival, including itself. */
  readonly place: number;
  readonly enteredAt: number;
}

/** Durations of a request, in milliseconds. */
export interface TimeSpent {
  readonly delayMs: number;
  /** The run of a model, which does not depend on the queue. */
  readonly runMs: number;
}

/** The delay of one request relative to the target. */
interface Sample {
  readonly place: number;
  readonly delayMs: number;
  /** Measured delay divided by the target; too long above 1. */
  readonly excess: number;
  /** The place at which the delay would have equaled the target, by Little's law. */
  readonly fittingPlace: number;
  /** The place of the last request of the longest burst. */
  readonly burstPlace: number;
}

/**
 * Limits concurrent requests by their delay. As in CoDel (RFC 8289), only the minimum delay of an interval counts,
 * which distinguishes a standing queue from a burst. As in the gradient limits of Netflix's `concurrency-limits`, the
 * limit is multiplied by target over measured delay.
 */
export class DelayLimit {
  readonly #max: number;
  readonly #now: () => number;
  readonly #target: TargetDelay;
  #limit: number;
  /** The highest limit while no request is refused. */
  #burst: number;
  #inProgress = 0;
  #intervalFrom: number;
  #idleFrom: number;
  #best: Sample | undefined;
  #hasRefused = false;
  #delayMs = 0;
  /** Average delay of requests without concurrency, which no queue can cause. */
  #aloneMs = 0;

  constructor({ max, now }: DelayLimitOptions) {
    this.#max = max;
    this.#now = now;
    this.#limit = max;
    this.#burst = max;
    this.#intervalFrom = now();
    this.#idleFrom = this.#intervalFrom;
    this.#target = new TargetDelay(this.#intervalFrom);
  }

  /** Minimum delay of the latest interval, in milliseconds. */
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
      this.#target.full();
      return undefined;
    }
    this.#inProgress += 1;
    return { place: this.#inProgress, enteredAt: this.#now() };
  }

  /** Call once per entry. An entry without durations is not a sample. */
  leave({ place, enteredAt }: Entry, spent?: TimeSpent): void {
    this.#inProgress -= 1;
    // A request from before the latest change says nothing about the new limit.
    if (spent && enteredAt >= this.#intervalFrom) this.#learn(place, spent);
    const now = this.#now();
    if (spent) this.#target.completed(now);
    if (this.#inProgress === 0) this.#idleFrom = now;
    if (!this.#best || now - this.#intervalFrom < INTERVAL_MS) return;
    this.#adapt(this.#best);
    this.#begin(now);
  }

  #learn(place: number, { delayMs, runMs }: TimeSpent): void {
    if (place === 1) this.#aloneMs += (Math.min(delayMs, INTERVAL_MS) - this.#aloneMs) * ALONE_WEIGHT;
    // One request may wait per running one, so that the next run starts at once.
    const allowedMs = this.#target.ms + runMs;
    const excess = Math.max(0, delayMs - this.#aloneMs) / allowedMs;
    // A request without concurrency met no queue of this group, so a lower limit would not help it.
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
    // Without a refusal, the limit grows, so that the next burst is admitted.
    else this.#limit = Math.min(this.#burst, MAX_GROWTH * this.#limit);
    this.#limit = Math.min(this.#max, this.#limit);
  }

  /** An interval without requests has no delay. */
  #relax(): void {
    const now = this.#now();
    const intervals = Math.floor((now - this.#idleFrom) / INTERVAL_MS);
    if (intervals < 1) return;
    this.#target.restart(now);
    if (this.#limit < this.#burst) this.#limit = Math.min(this.#burst, this.#limit * MAX_GROWTH ** intervals);
    this.#begin(now);
  }

  #begin(now: number): void {
    this.#best = undefined;
    this.#hasRefused = false;
    this.#intervalFrom = now;
  }
}
