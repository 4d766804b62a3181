import { chiSquareAbove, erfc } from './incomplete-gamma.ts';
import type { TestResult } from './kolmogorov-smirnov.ts';

/** Pearson's chi-squared test of counts against expected counts (`scipy.stats.chisquare`). */
export function chiSquare(observed: readonly number[], expected: readonly number[]): TestResult {
  const statistic = observed.reduce((sum, count, at) => {
    const wanted = expected[at] as number;
    return sum + (count === wanted ? 0 : (count - wanted) ** 2 / wanted);
  }, 0);
  return { statistic, pValue: chiSquareAbove(statistic, observed.length - 1) };
}

/** The two-sided z-test of two shares: how many of how many. */
export function shareTest(a: number, ofA: number, b: number, ofB: number): TestResult {
  const share = (a + b) / (ofA + ofB);
  const deviation = Math.sqrt(share * (1 - share) * (1 / ofA + 1 / ofB));
  if (deviation === 0) return { statistic: 0, pValue: 1 };
  const statistic = (a / ofA - b / ofB) / deviation;
  return { statistic, pValue: erfc(Math.abs(statistic) / Math.SQRT2) };
}
