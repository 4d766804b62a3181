import { stirlingError } from './incomplete-gamma.ts';

/** Above it, SciPy uses the asymptotic form, too. */
const MAX_EXACT_N = 1_000_000;

/**
 * The probability that the one-sided Kolmogorov–Smirnov statistic of n values is at least x, by the formula of Birnbaum
 * and Tingey (1951). Its terms are binomial probabilities, computed as Loader (2000) does.
 */
export function smirnovAbove(n: number, x: number): number {
  if (x <= 0) return 1;
  if (x >= 1) return 0;
  if (n > MAX_EXACT_N) return Math.exp(-((6 * n * x + 1) ** 2) / (18 * n));
  let sum = 0;
  const last = Math.floor(n * (1 - x));
  for (let v = 0; v <= last; v++) {
    const p = x + v / n;
    if (p < 1) sum += binomial(v, n, p, n * x) / p;
    else if (v === n) sum += 1;
  }
  return Math.min(1, x * sum);
}

/** The probability of v successes in n trials. `excess` is n p − v, given because subtracting loses digits. */
function binomial(v: number, n: number, p: number, excess: number): number {
  if (v === 0) return Math.exp(n * Math.log1p(-p));
  const failures = n - v;
  if (failures === 0) return p ** n;
  const error = stirlingError(n) - stirlingError(v) - stirlingError(failures);
  const deviance = devianceOf(v, excess) + devianceOf(failures, -excess);
  return Math.exp(error - deviance) * Math.sqrt(n / (2 * Math.PI * v * failures));
}

/** k log(k / (k + excess)) + excess, without cancellation for a small excess. */
function devianceOf(k: number, excess: number): number {
  const ratio = excess / (2 * k + excess);
  if (Math.abs(ratio) > 0.1) return k * Math.log(k / (k + excess)) + excess;
  // −k log((1 + r) / (1 − r)) + excess, with the series of the logarithm.
  const square = ratio * ratio;
  let power = ratio;
  let sum = 0;
  for (let odd = 3; ; odd += 2) {
    power *= square;
    const next = sum + power / odd;
    if (next === sum) return excess * ratio - 2 * k * sum;
    sum = next;
  }
}
