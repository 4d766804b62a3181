import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findRepeats, type Repeat } from '#contract/json/repeats.ts';
import { hashHalves } from '#contract/json/strings.ts';

const search = (keys: readonly number[], hashOf: (key: number) => number, limit: number): Repeat[] =>
  findRepeats({ hashes: Int32Array.from(keys, hashOf), isSame: (a, b) => keys[a] === keys[b], limit });

function expected(keys: readonly number[], limit: number): Repeat[] {
  const seen = new Map<number, number>();
  const repeats = keys.flatMap((key, at) => {
    const first = seen.get(key);
    if (first === undefined) seen.set(key, at);
    return first === undefined ? [] : [{ at, first }];
  });
  return repeats.slice(0, limit);
}

describe('repeated keys', () => {
  it.each([
    ['in one group', 100],
    ['in many groups', 20_000],
  ])('are found with their first occurrences, %s', (_, size) => {
    const keys = fc.array(fc.integer({ min: 0, max: 2 * size }), { minLength: size, maxLength: size, size: 'max' });
    fc.assert(
      fc.property(keys, fc.constantFrom(1, 100), (some, limit) => {
        const all = [...some, some[0] ?? 0];

        expect(search(all, (key) => hashHalves(key >> 4, key), limit)).toEqual(expected(all, limit));
      }),
      { numRuns: 15 },
    );
  });

  it('are told apart by their values when all hashes are equal', () => {
    const keys = [...Array.from({ length: 200 }, (_, i) => i), 7];

    expect(search(keys, () => -1, 5)).toEqual([{ at: 200, first: 7 }]);
  });
});

describe('the hash of an integer', () => {
  it('cannot be chosen by its bits', () => {
    // Each pair has the same exclusive or, with a factor that is not secret.
    const pairs = Array.from({ length: 4096 }, (_, i) => [i << 20, Math.imul(i << 20, 0x9e37_79b1)] as const);

    expect(new Set(pairs.map(([high, low]) => hashHalves(high, low))).size).toBeGreaterThan(4000);
  });
});
