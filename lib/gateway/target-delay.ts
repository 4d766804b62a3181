/**
 * Minimum target of the queueing delay, in milliseconds. Users perceive a tenth of a second as immediate; this is half
 * of it. A time, not a number of requests, so that it suits machines and models of any speed.
 */
export const MIN_TARGET_MS = 50;
/** Maximum target: beyond it, more throughput is not worth the wait. */
const MAX_TARGET_MS = 1000;
/** Share of the best throughput that is sufficient. */
const GOOD_SHARE = 0.95;
const RISE = 1.5;
const FALL = 0.9;
/** Minimum duration and size of a window, so that its rate is reliable. */
const WINDOW_MS = 1000;
const WINDOW_REQUESTS = 100;
/** Weight of a window in the average rate. */
const WINDOW_WEIGHT = 0.3;
/** Minimum gain of throughput for which a longer queue is kept. */
const WORTH_GAIN = 1.03;
/** Decay of the best rate, because instances may have stopped. */
const FORGOTTEN_PER_SECOND = 0.005;

/**
 * Finds the shortest queue with nearly the best throughput. Where work is batched or polled for, a queue that is too
 * short costs throughput: a longer one is tried, and kept if throughput rises.
 */
export class TargetDelay {
  #ms = MIN_TARGET_MS;
  #completed = 0;
  #from: number;
  #wasFull = false;
  /** Requests per millisecond. */
  #rate: number | undefined;
  #best = 0;
  /** Set while a longer target is tried: the target before and its rate. */
  #trial: { readonly ms: number; readonly rate: number } | undefined;

  constructor(now: number) {
    this.#from = now;
  }

  /** In milliseconds. */
  get ms(): number {
    return this.#ms;
  }

  /** Call when the limit is reached: throughput depends on it. */
  full(): void {
    this.#wasFull = true;
  }

  completed(now: number): void {
    this.#completed += 1;
    const tookMs = now - this.#from;
    if (this.#completed < WINDOW_REQUESTS || tookMs < WINDOW_MS) return;
    const rate = this.#completed / tookMs;
    this.#rate = this.#rate === undefined ? rate : this.#rate + WINDOW_WEIGHT * (rate - this.#rate);
    this.#best = Math.max(this.#rate, this.#best * (1 - FORGOTTEN_PER_SECOND) ** (tookMs / 1000));
    if (this.#wasFull) this.#adapt(this.#rate);
    this.restart(now);
  }

  /** Starts a new window, for example after an idle time. */
  restart(now: number): void {
    this.#completed = 0;
    this.#from = now;
    this.#wasFull = false;
  }

  #adapt(rate: number): void {
    const trial = this.#trial;
    this.#trial = undefined;
    if (trial && rate < WORTH_GAIN * trial.rate) {
      // The queue was not the cause: the capacity has fallen.
      this.#ms = trial.ms;
      this.#best = rate;
    } else if (rate < GOOD_SHARE * this.#best) {
      this.#trial = { ms: this.#ms, rate };
      this.#ms = Math.min(MAX_TARGET_MS, this.#ms * RISE);
    } else if (!trial) this.#ms = Math.max(MIN_TARGET_MS, this.#ms * FALL);
  }
}
