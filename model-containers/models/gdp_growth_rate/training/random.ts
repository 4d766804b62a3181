/** A seeded random source: the same seed gives the same numbers on every machine. */
export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Uniform whole number in [0, below). */
  integer(below: number): number;
  /** Normal with mean 0 and standard deviation 1. */
  normal(): number;
}

const GOLDEN_RATIO = 0x9e3779b9;

/** A Weyl sequence mixed by the finalizer of MurmurHash3. */
export function createRandom(seed: number): Random {
  let state = seed | 0;

  function uniform(): number {
    state = (state + GOLDEN_RATIO) | 0;
    return scramble(state) / 2 ** 32;
  }

  return {
    uniform,
    integer: (below) => Math.floor(uniform() * below),
    // Box–Muller. 1 - u avoids the logarithm of zero.
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  };
}

function scramble(word: number): number {
  let bits = word;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
