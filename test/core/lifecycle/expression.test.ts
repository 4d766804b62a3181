import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseExpression } from '#core';

const value = (text: string, row: Record<string, unknown> = {}) => parseExpression(text).evaluate(row);

/** A formula of arithmetic that is valid in JavaScript too. */
const arithmetic = fc.letrec<{ formula: string }>((tie) => ({
  formula: fc.oneof(
    { maxDepth: 4 },
    fc.nat(99).map(String),
    fc.constantFrom('a', 'b'),
    fc
      .tuple(tie('formula'), fc.constantFrom(' + ', ' - ', '*', ' / '), tie('formula'))
      .map(([left, operator, right]) => `${left}${operator}${right}`),
    tie('formula').map((inner) => `(${inner})`),
    tie('formula').map((inner) => `- ${inner}`),
  ),
})).formula;

describe('the value of a formula', () => {
  it('is that of JavaScript, and unknown where that is no finite number', () => {
    const numbers = fc.integer({ min: -50, max: 50 });
    fc.assert(
      fc.property(arithmetic, numbers, numbers, (formula, a, b) => {
        fc.pre(formula.length <= 1000);
        const expected = new Function('a', 'b', `return ${formula};`)(a, b) as number;
        const known = value(formula, { a, b });

        // A quotient by zero is unknown at once, so that no larger formula makes a number of it.
        if (known === null) expect(Number.isFinite(expected) && !formula.includes('/')).toBe(false);
        // Without the sign of zero.
        else expect(known + 0).toBe(expected + 0);
      }),
    );
  });

  it.each([
    ['1 < 2', 1],
    ['2 < 2', 0],
    ['2 > 1', 1],
    ['2 > 2', 0],
    ['2 <= 2', 1],
    ['3 <= 2', 0],
    ['2 >= 2', 1],
    ['2 >= 3', 0],
    ['2 = 2', 1],
    ['2 = 3', 0],
    ['1 + 1 = 4 / 2', 1],
    ['10 - 4 - 3', 3],
    ['2 + 3 * 4', 14],
    ['(2 + 3) * 4', 20],
    ['-2 * -3', 6],
    ['1.5e2 + 2E-1', 150.2],
    ['abs(0 - 3)', 3],
    ['sqrt(16)', 4],
    ['sqrt(0)', 0],
    ['sqrt(0 - 1)', null],
    ['ln(1)', 0],
    ['ln(0)', null],
    ['floor(2.9)', 2],
    ['1 / 0', null],
    ['coalesce(1 / 0, 7, 8)', 7],
    ['coalesce(1 / 0)', null],
    ['if(2 > 1, 10, 20)', 10],
    ['if(1 > 2, 10, 20)', 20],
    ['if(1 / 0, 10, 20)', null],
    ['if(1, 1 / 0, 20)', null],
    ['1e308 * 10', null],
    ['coalesce(none, 1) + none', null],
  ])('%s is %s', (formula, expected) => {
    expect(value(formula)).toBe(expected);
  });

  it.each([
    [3, 3],
    [true, 1],
    [false, 0],
    ['3', null],
    [null, null],
    [Number.NaN, null],
    [Number.POSITIVE_INFINITY, null],
  ])('of the column %o is %o', (age, expected) => {
    expect(value('age', { age })).toBe(expected);
  });
});

describe('a formula', () => {
  it('names each of its columns once', () => {
    expect(parseExpression('if(age > 30, age * rate_2, _x) + 1').columns).toEqual(['age', 'rate_2', '_x']);
  });

  it('is SQL whose columns are numbers or unknown, as its results are', () => {
    const { toSql } = parseExpression('a / 2 > floor(b)');
    const sql =
      'CAST(((try_cast("a" AS DOUBLE) / nullif(CAST(2 AS DOUBLE), 0)) > floor(try_cast("b" AS DOUBLE))) AS DOUBLE)';

    expect(toSql((name) => `"${name}"`)).toBe(`CASE WHEN isfinite(${sql}) THEN ${sql} END`);
  });

  it.each([
    ['', 'it ends too early'],
    ['1 +', 'it ends too early'],
    ['(1', 'it ends too early'],
    ['abs(1', 'it ends too early'],
    ['if(1, 2', 'it ends too early'],
    ['1 2', '«2» is not expected'],
    ['1 < 2 < 3', '«<» is not expected'],
    ['* 2', '«*» is not expected'],
    [')', '«)» is not expected'],
    ['(1, 2)', '«)» is missing'],
    ['abs(1 2)', '«)» is missing'],
    ['pow(1, 2)', 'there is no function pow'],
    ['toString(1)', 'there is no function toString'],
    ['abs(1, 2)', 'abs takes another number of arguments'],
    ['if(1, 2)', 'if takes another number of arguments'],
    ['a & bbbbbbbbbbbbb', '«& bbbbbbbb» is not understood'],
    ['"a"', '«"a"» is not understood'],
    [`1${' '.repeat(1000)}`, 'it has more than 1000 characters'],
    [`coalesce(${Array.from({ length: 21 }, () => 1)})`, 'coalesce takes another number of arguments'],
  ])('%s is refused', (text, why) => {
    expect(() => parseExpression(text)).toThrow(
      expect.objectContaining({
        code: 'invalid_input',
        message: `The expression «${text.slice(0, 100)}» is not valid: ${why}.`,
      }),
    );
  });

  it('may have 1,000 characters, also blank ones at its end', () => {
    expect(value(`1${' '.repeat(999)}`)).toBe(1);
    expect(value(`coalesce(${Array.from({ length: 20 }, () => 1)})`)).toBe(1);
  });
});
