import { describe, expect, it } from 'vitest';
import { meets, updated } from './servers/dynamo-expression.ts';

const row = { id: { S: 'a' }, state: { S: 'queued' }, count: { N: '10' }, names: { SS: ['x', 'y'] } };
const args = {
  ExpressionAttributeNames: { '#state': 'state' },
  ExpressionAttributeValues: {
    ':nine': { N: '9' },
    ':ten': { N: '10' },
    ':queued': { S: 'queued' },
    ':text': { S: '9' },
    ':two': { N: '2' },
    ':more': { SS: ['y', 'z'] },
    ':all': { SS: ['x', 'y'] },
  },
};

describe('conditions', () => {
  it.each([
    ['attribute_exists(id) AND attribute_not_exists(other)', true],
    ['attribute_exists(other) OR count = :ten', true],
    // AND binds tighter than OR.
    ['attribute_exists(id) OR attribute_exists(id) AND attribute_exists(other)', true],
    ['(attribute_exists(id) OR attribute_exists(id)) AND attribute_exists(other)', false],
    ['NOT attribute_exists(other)', true],
    // As numbers, not as texts.
    ['count > :nine', true],
    ['count <= :nine', false],
    ['#state IN (:nine, :queued)', true],
    // Values of different types never compare, but they differ.
    ['count > :text', false],
    ['count <> :text', true],
    ['other < :nine', false],
    ['size(names) = :two', true],
    ['attribute_not_exists(other) OR size(other) <= :two', true],
    ['size(other) <= :two', false],
  ])('reads %s', (condition, expected) => {
    expect(meets(condition, row, args)).toBe(expected);
  });

  it('holds a missing row for one without attributes', () => {
    expect(meets('attribute_not_exists(id)', undefined, args)).toBe(true);
  });

  it.each(['count >', 'count ~ :ten', 'contains(id, :ten)', 'count = :unknown'])('refuses %s', (condition) => {
    expect(() => meets(condition, row, args)).toThrow();
  });
});

describe('updates', () => {
  it.each([
    ['SET #state = :ten, other = count', { ...row, state: { N: '10' }, other: { N: '10' } }],
    ['SET count = count + :nine', { ...row, count: { N: '19' } }],
    ['SET other = if_not_exists(other, :nine), count = if_not_exists(count, :nine)', { ...row, other: { N: '9' } }],
    ['SET other = :nine REMOVE count, names, missing', { id: row.id, state: row.state, other: { N: '9' } }],
    [
      'SET count = :nine ADD names :more, other :all',
      { ...row, count: { N: '9' }, names: { SS: ['x', 'y', 'z'] }, other: { SS: ['x', 'y'] } },
    ],
    ['DELETE names :more', { ...row, names: { SS: ['x'] } }],
    ['DELETE names :all', { id: row.id, state: row.state, count: row.count }],
    // The right side is the row before the update.
    ['SET count = :nine, other = count', { ...row, count: { N: '9' }, other: { N: '10' } }],
  ])('reads %s', (expression, expected) => {
    expect(updated(expression, row, args)).toEqual(expected);
  });

  it.each(['SET other = missing', 'ADD count :ten', 'SET count'])('refuses %s', (expression) => {
    expect(() => updated(expression, row, args)).toThrow();
  });
});
