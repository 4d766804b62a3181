import { describe, expect, it } from 'vitest';
import {
  faultOf,
  finite,
  flag,
  isRecord,
  listOf,
  notNegative,
  oneOf,
  optional,
  textLike,
  whole,
  wholeFrom,
} from '../../lib/core/field-rules.ts';

describe('a rule for a field', () => {
  const NAN = Number.NaN;

  it.each([
    ['wholeFrom', wholeFrom(2), [2, 3, 2 ** 53 - 1], [1, 2.5, 2 ** 53, NAN, '2', undefined, null]],
    ['whole', whole(2, 4), [2, 3, 4], [1, 5, 2.5, NAN, '3', undefined, null]],
    ['oneOf', oneOf(1, 5), [1, 5], [2, '1', undefined]],
    ['flag', flag, [true, false], [0, 'true', undefined]],
    ['finite', finite, [-1, 0, 1.5], [NAN, Number.POSITIVE_INFINITY, '1', undefined]],
    ['notNegative', notNegative, [0, 0.5, 7], [-0.1, NAN, Number.POSITIVE_INFINITY, '1']],
    ['textLike', textLike(/^a+$/, 3, 'some a'), ['a', 'aaa'], ['', 'aaaa', 'ab', 7, ['a'], undefined]],
    ['listOf', listOf(whole(1, 9), 'digits'), [[], [1], [1, 2]], [[1, 1], [0], [1, 10], 'x', { length: 0 }, undefined]],
    ['optional', optional(flag), [undefined, true], [null, 1]],
  ])('%s tells valid values from others', (_, rule, valid, invalid) => {
    expect(valid.map(rule)).toEqual(valid.map(() => undefined));
    expect(invalid.map(rule)).toEqual(invalid.map(() => expect.stringMatching(/./)));
  });

  it('completes a sentence', () => {
    const sentences = [wholeFrom(1), whole(1, 9), oneOf(1, 5), textLike(/a/, 1, 'an a'), listOf(flag, 'flags')];

    expect(sentences.map((rule) => rule(undefined))).toEqual([
      'a whole number of at least 1',
      'a whole number from 1 to 9',
      'one of 1, 5',
      'an a',
      'flags',
    ]);
  });
});

it('a record is an object that is no list', () => {
  expect([{}, { a: 1 }].map(isRecord)).toEqual([true, true]);
  expect([null, undefined, [], 'x', 1].map(isRecord)).toEqual([false, false, false, false, false]);
});

describe('the first fault of an object', () => {
  const rules = { a: flag, b: whole(1, 2) };

  it.each([
    [{ a: true, b: 1 }, undefined],
    [{ a: true, b: 1, c: 7 }, undefined],
    [
      { a: true, b: 3 },
      { path: 'it.b', must: 'a whole number from 1 to 2' },
    ],
    [
      { a: 1, b: 3 },
      { path: 'it.a', must: 'true or false' },
    ],
    [[], { path: 'it', must: 'an object' }],
  ])('of %j is found', (value, fault) => {
    expect(faultOf(value, rules, 'it')).toEqual(fault);
  });
});
