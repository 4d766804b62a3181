/** The median of numbers; NaN without any. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return ((sorted[(sorted.length - 1) >> 1] ?? Number.NaN) + (sorted[sorted.length >> 1] ?? Number.NaN)) / 2;
}

/**
 * Order statistics around the median of paired differences: of ten, the second and the ninth, which enclose the true
 * median with a probability of 98 %. Of fewer, the lowest and the highest.
 */
export function interval(differences: readonly number[]): readonly [low: number, high: number] {
  const sorted = differences.toSorted((a, b) => a - b);
  const skip = sorted.length >= 10 ? 1 : 0;
  return [sorted[skip] ?? Number.NaN, sorted[sorted.length - 1 - skip] ?? Number.NaN];
}
