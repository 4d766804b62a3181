const PI2 = Math.PI ** 2;
const SQRT_2PI = Math.sqrt(2 * Math.PI);

/**
 * The probability that the two-sided Kolmogorov–Smirnov statistic of n values is below x, by the series of Pelz and Good
 * (1976) in powers of 1/√n. For n above 140 and n x² below 18 it is right to 1e-10 and better.
 */
export function pelzGoodBelow(n: number, x: number): number {
  const z = Math.sqrt(n) * x;
  const [z2, z4, z6] = [z ** 2, z ** 4, z ** 6];
  const sums = [0, 0, 0, 0] as [number, number, number, number];
  const terms = Math.ceil((16 * z) / Math.PI);
  for (let k = terms; k > 0; k--) {
    const odd = (2 * k - 1) ** 2;
    const q = Math.exp((-PI2 * odd) / (8 * z2));
    sums[0] += q;
    sums[1] += q * (-z2 + (PI2 / 4) * odd);
    sums[2] += q * (6 * z6 + 2 * z4 + ((2 * z4 - 5 * z2) * PI2 * odd) / 4 + (PI2 ** 2 * (1 - 2 * z2) * odd ** 2) / 16);
    sums[3] +=
      q *
      (-30 * z6 -
        90 * z ** 8 +
        ((PI2 * (135 * z4 - 96 * z6)) / 4) * odd +
        ((PI2 ** 2 * (-60 * z2 + 212 * z4)) / 16) * odd ** 2 +
        ((PI2 ** 3 * (5 - 30 * z2)) / 64) * odd ** 3);
  }
  let [even2, even3] = [0, 0];
  for (let k = terms; k > 0; k--) {
    const q = k ** 2 * Math.exp((-PI2 * k ** 2) / (2 * z2));
    even2 += q;
    even3 += q * (3 * z2 - PI2 * k ** 2);
  }
  const k0 = sums[0] / z;
  const k1 = sums[1] / (6 * z4);
  const k2 = sums[2] / (72 * z ** 7) - (even2 * PI2) / (36 * z ** 3);
  const k3 = sums[3] / (6480 * z ** 10) + (even3 * PI2) / (216 * z6);
  return SQRT_2PI * (k0 + k1 / n ** 0.5 + k2 / n + k3 / n ** 1.5);
}
