const MAX_TERMS = 100_000;
const TINY = 1e-300;

/**
 * The regularized upper incomplete gamma function Q(a, x), for a > 0 and x ≥ 0: its series below a + 1, its continued
 * fraction above (DLMF 8.11.4 and 8.9.2).
 */
function upperGamma(a: number, x: number): number {
  if (x <= 0) return 1;
  if (x === Infinity) return 0;
  const factor = Math.exp(a * Math.log(x) - x - logGamma(a));
  return x < a + 1 ? 1 - factor * seriesOf(a, x) : factor * fractionOf(a, x);
}

/** The complementary error function, for x ≥ 0. */
export const erfc = (x: number): number => upperGamma(0.5, x * x);

/** The probability that a chi-squared variable with so many degrees of freedom is above x. */
export const chiSquareAbove = (x: number, degrees: number): number => upperGamma(degrees / 2, x / 2);

function seriesOf(a: number, x: number): number {
  let term = 1 / a;
  let sum = term;
  for (let n = 1; n < MAX_TERMS && Math.abs(term) > Math.abs(sum) * Number.EPSILON; n++) {
    term *= x / (a + n);
    sum += term;
  }
  return sum;
}

/** By Lentz's method, as modified by Thompson and Barnett (1986). */
function fractionOf(a: number, x: number): number {
  let b = x + 1 - a;
  let c = 1 / TINY;
  let d = 1 / b;
  let value = d;
  for (let n = 1; n < MAX_TERMS; n++) {
    const numerator = -n * (n - a);
    b += 2;
    d = 1 / (numerator * d + b || TINY);
    c = b + numerator / c || TINY;
    const change = c * d;
    value *= change;
    if (Math.abs(change - 1) < Number.EPSILON) break;
  }
  return value;
}

const STIRLING_FROM = 15;

/**
 * The sum of Stirling's series (DLMF 5.11.1): log Γ(x) − (x − ½) log x + x − ½ log 2π. For x ≥ 15. Large numbers need
 * few terms.
 */
function stirlingSeries(x: number): number {
  const s = 1 / (x * x);
  if (x > 1000) return (1 / 12 - s * (1 / 360 - s / 1260)) / x;
  const tail = 1 / 1188 - s * (691 / 360_360 - s * (1 / 156 - (s * 3617) / 122_400));
  return (1 / 12 - s * (1 / 360 - s * (1 / 1260 - s * (1 / 1680 - s * tail)))) / x;
}

/** The logarithm of the gamma function, for x > 0. */
function logGamma(x: number): number {
  let product = 1;
  let shifted = x;
  for (; shifted < STIRLING_FROM; shifted++) product *= shifted;
  const log = (shifted - 0.5) * Math.log(shifted) - shifted + HALF_LOG_TWO_PI + stirlingSeries(shifted);
  return log - Math.log(product);
}

const HALF_LOG_TWO_PI = Math.log(2 * Math.PI) / 2;

/** log n! − log(√(2πn) (n/e)ⁿ), for whole n ≥ 1. */
export function stirlingError(n: number): number {
  if (n >= STIRLING_FROM) return stirlingSeries(n);
  let factorial = 1;
  for (let factor = 2; factor <= n; factor++) factorial *= factor;
  return Math.log(factorial) - (n + 0.5) * Math.log(n) + n - HALF_LOG_TWO_PI;
}
