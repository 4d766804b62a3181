/**
 * The first Wasserstein distance of two samples, which are sorted, finite and not empty: the area between their
 * distribution functions (`scipy.stats.wasserstein_distance`).
 */
export function wasserstein(a: Float64Array, b: Float64Array): number {
  let distance = 0;
  let last = Math.min(a[0] as number, b[0] as number);
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    const isNextOfA = j >= b.length || (i < a.length && (a[i] as number) <= (b[j] as number));
    const value = (isNextOfA ? a[i] : b[j]) as number;
    if (value > last) distance += Math.abs(i / a.length - j / b.length) * (value - last);
    last = value;
    if (isNextOfA) i++;
    else j++;
  }
  return distance;
}

/** The Jensen–Shannon distance of two lists of shares, with natural logarithms (`scipy.spatial.distance`). */
export function jensenShannon(p: readonly number[], q: readonly number[]): number {
  const [totalP, totalQ] = [sumOf(p), sumOf(q)];
  let divergence = 0;
  for (let at = 0; at < p.length; at++) {
    const [x, y] = [(p[at] as number) / totalP, (q[at] as number) / totalQ];
    const middle = (x + y) / 2;
    if (x > 0) divergence += x * Math.log(x / middle);
    if (y > 0) divergence += y * Math.log(y / middle);
  }
  return Math.sqrt(Math.max(0, divergence) / 2);
}

/** The population stability index of two lists of shares. Empty bins count as Evidently counts them. */
export function stabilityIndex(p: readonly number[], q: readonly number[]): number {
  const [filledP, filledQ] = [filled(p), filled(q)];
  return filledP.reduce((sum, x, at) => {
    const y = filledQ[at] as number;
    return sum + (x - y) * Math.log(x / y);
  }, 0);
}

const LEAST_SHARE = 0.0001;

/** The logarithm of 0 would be infinite. */
function filled(shares: readonly number[]): readonly number[] {
  const least = Math.min(...shares.filter((share) => share > 0));
  const instead = least <= LEAST_SHARE ? least / 1e6 : LEAST_SHARE;
  return shares.map((share) => (share === 0 ? instead : share));
}

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
