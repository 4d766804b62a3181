export interface BackOffOptions {
  /** The first delay, in milliseconds. */
  readonly firstMs: number;
  /** No delay is longer. */
  readonly longestMs: number;
  /** 0 up to 1; `Math.random` outside tests. */
  readonly random?: () => number;
}

/** The delay before try number `failures + 1`: doubles each time, ±20 % so that many do not come back as one. */
export function backOffMs(failures: number, { firstMs, longestMs, random = Math.random }: BackOffOptions): number {
  const doubled = firstMs * 2 ** Math.max(0, failures - 1);
  return Math.round(Math.min(longestMs, doubled * (0.8 + 0.4 * random())));
}
