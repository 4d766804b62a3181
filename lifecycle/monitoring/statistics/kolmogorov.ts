import { durbinBelow } from './durbin.ts';
import { stirlingError } from './incomplete-gamma.ts';
import { pelzGoodBelow } from './pelz-good.ts';
import { smirnovAbove } from './smirnov.ts';

const SMALL_N = 140;

/**
 * The probability that the two-sided Kolmogorov–Smirnov statistic of n values is at least x. Chooses the method by n
 * and x as Simard and L'Ecuyer (2011) do, as `scipy.stats.kstwo.sf` does.
 */
export function kolmogorovAbove(n: number, x: number): number {
  if (x >= 1) return 0;
  const t = n * x;
  if (t <= 0.5) return 1;
  if (t <= 1) return 1 - nearestBelow(n, 2 * t - 1);
  if (t >= n - 1) return 2 * (1 - x) ** n;
  if (x >= 0.5) return clipped(2 * smirnovAbove(n, x));
  const square = t * x;
  if (n <= SMALL_N) return square <= 4 ? clipped(1 - durbinBelow(n, x)) : clipped(2 * smirnovAbove(n, x));
  if (square >= 370) return 0;
  if (square >= 2.2) return clipped(2 * smirnovAbove(n, x));
  if (n <= 100_000 && n * x ** 1.5 <= 1.4) return clipped(1 - durbinBelow(n, x));
  return clipped(1 - pelzGoodBelow(n, x));
}

const clipped = (probability: number): number => Math.min(1, Math.max(0, probability));

/** n! (u / n)ⁿ: each value is in its own interval (Ruben and Gambino 1982). */
const nearestBelow = (n: number, u: number): number =>
  Math.exp(stirlingError(n) + Math.log(2 * Math.PI * n) / 2 - n + n * Math.log(u));
