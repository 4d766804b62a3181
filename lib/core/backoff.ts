/**
 * "Full jitter": a random pause below an exponentially growing bound, so that clients that failed together do not retry
 * together (AWS Architecture Blog, "Exponential Backoff And Jitter").
 */
export interface Backoff {
  /** The bound after the first failure. */
  readonly baseMs: number;
  /** The maximum of the bound. */
  readonly maxMs: number;
}

/** The pause in milliseconds after `failures` consecutive failures (at least 1). `random` is uniform in [0, 1). */
export function backoffMs({ baseMs, maxMs }: Backoff, failures: number, random: () => number = Math.random): number {
  const bound = Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 30));
  return bound * random();
}
