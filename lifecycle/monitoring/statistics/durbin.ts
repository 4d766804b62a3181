const SCALE = 2 ** 128;

/** A square matrix by rows, to be multiplied by 2 to the power of `exponent`. */
interface Scaled {
  readonly cells: Float64Array;
  readonly exponent: number;
}

/**
 * The probability that the two-sided Kolmogorov–Smirnov statistic of n values is below x: n! / nⁿ times an entry of the
 * nth power of Durbin's matrix (Marsaglia, Tsang and Wang 2003). Exact; costs (n x)³ log n.
 */
export function durbinBelow(n: number, x: number): number {
  const k = Math.ceil(n * x);
  const size = 2 * k - 1;
  const middle = (k - 1) * size + k - 1;
  let power: Scaled | undefined;
  let square: Scaled = { cells: matrixOf(k, k - n * x), exponent: 0 };
  for (let left = n; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) power = power ? product(power, square, size, middle) : square;
    if (left > 1) square = product(square, square, size, middle);
  }
  let { exponent } = power as Scaled;
  let probability = (power as Scaled).cells[middle] as number;
  for (let i = 1; i <= n; i++) {
    probability *= i / n;
    if (probability < 1 / SCALE) {
      probability *= SCALE;
      exponent -= 128;
    }
  }
  return probability * 2 ** exponent;
}

function matrixOf(k: number, h: number): Float64Array {
  const size = 2 * k - 1;
  const cells = new Float64Array(size * size);
  const inverse = [1];
  for (let j = 1; j <= size; j++) inverse.push((inverse[j - 1] as number) / j);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column <= Math.min(row + 1, size - 1); column++) {
      cells[row * size + column] = inverse[row - column + 1] as number;
    }
  }
  for (let j = 1; j <= size; j++) {
    const edge = (1 - h ** j) * (inverse[j] as number);
    cells[(j - 1) * size] = edge;
    cells[(size - 1) * size + size - j] = edge;
  }
  const corner = 1 - 2 * h ** size + Math.max(2 * h - 1, 0) ** size;
  cells[(size - 1) * size] = corner * (inverse[size] as number);
  return cells;
}

/** Scaled down before the entry that counts overflows. */
function product(a: Scaled, b: Scaled, size: number, middle: number): Scaled {
  const cells = new Float64Array(size * size);
  for (let row = 0; row < size; row++) {
    for (let inner = 0; inner < size; inner++) {
      const factor = a.cells[row * size + inner] as number;
      if (factor === 0) continue;
      for (let column = 0; column < size; column++) {
        cells[row * size + column] =
          (cells[row * size + column] as number) + factor * (b.cells[inner * size + column] as number);
      }
    }
  }
  const exponent = a.exponent + b.exponent;
  if ((cells[middle] as number) <= SCALE) return { cells, exponent };
  return { cells: cells.map((cell) => cell / SCALE), exponent: exponent + 128 };
}
