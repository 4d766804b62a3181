import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entryBehind } from '#contract/json/json-tape.ts';
import { sortedKeys } from '#contract/json/key-order.ts';
import { scanJson } from '#contract/json/scan-json.ts';

const textOf = (keys: readonly string[]): string => `{${keys.map((key) => `${JSON.stringify(key)}:0`).join()}}`;

/** The keys in the order in which they are written. */
function orderOf(text: string): readonly string[] {
  const tape = scanJson(Buffer.from(text));
  const { bytes, entries } = tape;
  const inText: number[] = [];
  for (let key = 2; key < (entries[1] ?? 0); key = entryBehind(tape, key + 2)) inText.push(key);
  return [...(sortedKeys(tape, 0) ?? inText)].map((key) =>
    Buffer.from(bytes.subarray((entries[key] ?? 0) + 1, entries[key + 1])).toString(),
  );
}

const LIMITS = [4_294_967_294, 4_294_967_295, 4_294_967_296, 9_999_999_999, 10_000_000_000].map(String);
const anyKey = fc.oneof(
  fc.nat({ max: 2 ** 32 - 1 }).map(String),
  fc.nat({ max: 20 }).map(String),
  fc.constantFrom(...LIMITS, '00', '01', '-1', '1.5', '1e3', '', 'a', 'b'),
);

describe('the keys of an object', () => {
  it('are in the order of JavaScript', () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyKey, { maxLength: 30 }), (keys) => {
        const text = textOf(keys);

        expect(orderOf(text)).toEqual(Object.keys(JSON.parse(text)));
      }),
      { numRuns: 500 },
    );
  });

  it('are in the order of JavaScript where they are many, in no order', () => {
    const numbers = Array.from({ length: 9000 }, (_, i) => String(Math.imul(i, 0x9e37_79b1) >>> 0));
    const text = textOf(numbers.flatMap((each, i) => (i % 100 === 0 ? [each, `k${i}`] : [each])).concat(LIMITS));

    expect(orderOf(text)).toEqual(Object.keys(JSON.parse(text)));
  });
});
