import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { flatNumbers } from '#contract/json/flat-numbers.ts';

/** The text in pieces of these lengths. */
function cut(text: string, lengths: readonly number[]): Uint8Array[] {
  const bytes = Buffer.from(text);
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const length of lengths) {
    pieces.push(bytes.subarray(at, at + length));
    at += length;
  }
  return [...pieces, bytes.subarray(at)];
}

function flat(value: unknown, lengths: readonly number[] = []) {
  const { pieces, text } = flatNumbers(cut(JSON.stringify(value), lengths), 'variant');
  return { json: Buffer.concat(pieces).toString(), text };
}

/** The same with objects, as the definition. */
function defined(value: unknown) {
  const members: Record<string, unknown> = typeof value === 'object' && value !== null ? { ...value } : {};
  const numbers = Object.values(members)
    .flat()
    .filter((each) => typeof each === 'number');
  const isText = typeof members.variant === 'string' && !Array.isArray(value);
  return {
    json: numbers.length > 0 ? JSON.stringify(numbers) : `[${JSON.stringify(value)}]`,
    text: isText ? members.variant : undefined,
  };
}

describe('flatNumbers', () => {
  it('has every number of the members and of their lists, and the text, however the text is cut', () => {
    const key = fc.oneof(fc.constantFrom('variant', 'a', '"variant":"x"', 'a,1', '\\'), fc.string()).filter(isPlainKey);
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.integer(),
        fc.string({ maxLength: 100 }),
        fc.constantFrom('variant', '[1,2', true, false, null, ''),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(key, tie('value'), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(value, fc.array(fc.nat({ max: 9 }), { maxLength: 30 }), (each, lengths) => {
        expect(flat(each, lengths)).toEqual(defined(each));
      }),
      { numRuns: 2000 },
    );
  });

  it('does not keep a longer text', () => {
    expect(flat({ variant: 'x'.repeat(2000), value: 1 })).toEqual({ json: '[1]', text: undefined });
  });

  it('goes over several chunks', () => {
    const numbers = Array.from({ length: 400_000 }, (_, i) => i);
    expect(flat({ numbers, variant: 'a' })).toEqual({ json: JSON.stringify(numbers), text: 'a' });
  });
});

/** JavaScript reorders keys that look like an index, and treats one name specially. */
const isPlainKey = (key: string): boolean => !/^\d+$/.test(key) && key !== '__proto__';
