import { kolmogorovAbove } from './kolmogorov.ts';

/** The statistic of a test and the probability of a value at least as extreme, if nothing has changed. */
export interface TestResult {
  readonly statistic: number;
  readonly pValue: number;
}

/** Larger samples get the asymptotic p-value, as `scipy.stats.ks_2samp` decides in its mode `auto`. */
const MAX_EXACT = 10_000;

/** The two-sided, two-sample Kolmogorov–Smirnov test. Both samples are sorted, finite and not empty. */
export function kolmogorovSmirnov(a: Float64Array, b: Float64Array): TestResult {
  const [m, n] = a.length >= b.length ? [a.length, b.length] : [b.length, a.length];
  const divisor = commonDivisor(m, n);
  const largest = largestGap(a, b);
  if (m > MAX_EXACT) {
    const [statistic, size] = [largest / (m * n), Math.round((m * n) / (m + n))];
    return { statistic, pValue: kolmogorovAbove(roundHalfToEven(m, n) ?? size, statistic) };
  }
  const steps = Math.round(largest / divisor);
  const statistic = steps / ((m / divisor) * n);
  if (steps === 0) return { statistic: 0, pValue: 1 };
  const pValue = m === n ? outsideSquare(n, steps) : outsideRectangle(m, n, divisor, steps);
  return { statistic, pValue: Math.min(1, pValue) };
}

/** The rounding of NumPy: halves go to the even number. Undefined for other numbers. */
function roundHalfToEven(m: number, n: number): number | undefined {
  const size = (m * n) / (m + n);
  const below = Math.floor(size);
  if (size - below !== 0.5) return undefined;
  return below % 2 === 0 ? below : below + 1;
}

/** The largest distance between the two distribution functions, times the product of the sizes: a whole number. */
function largestGap(a: Float64Array, b: Float64Array): number {
  let largest = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const value = Math.min(a[i] as number, b[j] as number);
    while (i < a.length && (a[i] as number) <= value) i++;
    while (j < b.length && (b[j] as number) <= value) j++;
    const gap = Math.abs(i * b.length - j * a.length);
    if (gap > largest) largest = gap;
  }
  return largest;
}

function commonDivisor(m: number, n: number): number {
  return n === 0 ? m : commonDivisor(n, m % n);
}

/**
 * The share of the paths from (0, 0) to (n, n) that leave the diagonal by h or more: an alternating sum of binomial
 * coefficients by the reflection principle, evaluated from its smallest term.
 */
function outsideSquare(n: number, h: number): number {
  let share = 0;
  for (let k = Math.floor(n / h); k >= 0; k--) {
    let factor = 1;
    for (let j = 0; j < h; j++) factor *= (n - k * h - j) / (n + k * h + j + 1);
    share = factor * (1 - share);
  }
  return 2 * share;
}

/**
 * The same for (m, n) with m > n: a path comes to (x, y) from the left in x of x + y cases (Viehmann 2021). Only cells
 * near the diagonal are computed; the others are outside.
 */
function outsideRectangle(m: number, n: number, divisor: number, h: number): number {
  const [right, up] = [n / divisor, m / divisor];
  const share = new Float64Array(n + 1).fill(1);
  share[0] = 0;
  for (let y = 1; y <= n && y * up < h; y++) share[y] = 0;
  let from = 0;
  for (let x = 1; x <= m; x++) {
    // Inside is |x right − y up| < h.
    const low = Math.max(0, Math.floor((x * right - h) / up) + 1);
    const high = Math.min(n, Math.ceil((x * right + h) / up) - 1);
    for (; from < low; from++) share[from] = 1;
    let below = low === 0 ? 0 : 1;
    for (let y = low; y <= high; y++) {
      below = ((share[y] as number) * x + below * y) / (x + y);
      share[y] = below;
    }
  }
  return share[n] as number;
}
