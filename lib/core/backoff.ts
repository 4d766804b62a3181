/**
 * "Full jitter": a random pause between 0 and an exponentially growing bound, so that many who failed
 * together do not come back together (AWS Architecture Blog, "Exponential Backoff And Jitter").
 */
export interface Backoff {
  /** The bound after the first failure. */
  readonly baseMs: number;
  /** The bound never grows beyond this. */
  readonly maxMs: number;
}

/** Milliseconds to pause after the `failures`-th failure in a row (1 for the first). `random` is uniform in [0, 1). */
export function backoffMs({ baseMs, maxMs }: Backoff, failures: number, random: () => number = Math.random): number {
  const bound = Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 30));
  return bound * random();
}
