/**
 * The least queueing delay that is aimed at, in milliseconds. People take an answer after a tenth of a second for an
 * immediate one; this is half of it. It is a time, not a number of requests, so that it suits models of any speed.
 */
export const MIN_TARGET_MS = 50;
/** Above it, more throughput is not worth the wait. */
const MAX_TARGET_MS = 1000;
/** Throughput above this share of the best one is good enough. */
const GOOD_SHARE = 0.95;
const RISE = 1.5;
const FALL = 0.9;
/** Enough for a rate that does not depend on chance. */
const WINDOW_MS = 1000;
const WINDOW_REQUESTS = 100;
/** Weight of a window in the average rate. */
const WINDOW_WEIGHT = 0.3;
/** What the best rate loses in a second, because instances may have gone. */
const FORGOTTEN_PER_SECOND = 0.005;

/**
 * Finds the shortest queue that brings nearly the best throughput. Where work is done in batches or polled for, a queue
 * that is too short costs throughput: then the target rises, and falls again when that changes nothing.
 */
export class TargetDelay {
  #ms = MIN_TARGET_MS;
  #completed = 0;
  #from: number;
  #wasFull = false;
  /** Requests per millisecond. */
  #rate: number | undefined;
  #best = 0;

  constructor(now: number) {
    this.#from = now;
  }

  /** In milliseconds. */
  get ms(): number {
    return this.#ms;
  }

  /** The limit was reached, so that throughput depends on it. */
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

  /** Begins a new window, for example after a time without requests. */
  restart(now: number): void {
    this.#completed = 0;
    this.#from = now;
    this.#wasFull = false;
  }

  #adapt(rate: number): void {
    const factor = rate < GOOD_SHARE * this.#best ? RISE : FALL;
    this.#ms = Math.min(MAX_TARGET_MS, Math.max(MIN_TARGET_MS, this.#ms * factor));
  }
}
