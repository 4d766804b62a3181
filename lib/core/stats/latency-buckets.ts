/** Buckets per doubling: neighbours differ by 9 %, so a quantile is at most 4.5 % off. */
const PER_DOUBLING = 8;

/** The bucket of a duration in milliseconds, from 0. */
export const bucketOf = (ms: number): number => (ms < 1 ? 0 : 1 + Math.floor(Math.log2(ms) * PER_DOUBLING));

/** The geometric middle of a bucket, in milliseconds. */
const middleOf = (bucket: number): number => (bucket === 0 ? 0 : 2 ** ((bucket - 0.5) / PER_DOUBLING));

/** Counts by bucket. */
export type Histogram = ReadonlyMap<number, number>;

/** The quantile in milliseconds. Undefined for an empty histogram. */
export function quantileOf(histogram: Histogram, share: number): number | undefined {
  const buckets = [...histogram].sort(([a], [b]) => a - b);
  const total = buckets.reduce((sum, [, count]) => sum + count, 0);
  let left = Math.max(1, Math.ceil(share * total));
  for (const [bucket, count] of buckets) {
    left -= count;
    if (left <= 0) return middleOf(bucket);
  }
  return undefined;
}
