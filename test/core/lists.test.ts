import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { comparePositions, cursorsOf, inBatches, inGroups } from '#core';

const positions = fc.record({ id: fc.constantFrom('a', 'b', 'c'), createdAt: fc.nat(3) });
const LIST = { of: 'tasks', owner: 'ann' } as const;

describe('positions in a list', () => {
  it('are sorted by time, newest first, and then by descending id', () => {
    fc.assert(
      fc.property(fc.array(positions), (list) => {
        const sorted = list.toSorted(comparePositions).map(({ createdAt, id }) => `${createdAt} ${id}`);

        expect(sorted).toEqual(sorted.toSorted().reverse());
      }),
    );
  });

  it('are equal only to themselves', () => {
    const position = { id: 'a', createdAt: 1 };

    expect(comparePositions(position, { ...position })).toBe(0);
    expect(comparePositions(position, { id: 'b', createdAt: 1 })).toBe(1);
    expect(comparePositions({ id: 'b', createdAt: 1 }, position)).toBe(-1);
  });
});

describe('a cursor', () => {
  it('leads back to its position', () => {
    const position = fc.record({ id: fc.stringMatching(/^[\w/-]{1,36}$/), createdAt: fc.maxSafeNat() });
    fc.assert(
      fc.property(position, (at) => {
        const { after, next } = cursorsOf(LIST);
        expect(after(next(at).nextCursor)).toEqual(at);
      }),
    );
  });

  it('is missing on the last page, and the first page needs none', () => {
    expect(cursorsOf(LIST).next(undefined)).toEqual({});
    expect(cursorsOf(LIST).after(undefined)).toBeUndefined();
  });

  const { nextCursor: cursor = '' } = cursorsOf(LIST).next({ id: 'x', createdAt: 12 });
  const text = Buffer.from(cursor, 'base64url').toString();
  const again = (changed: string) => Buffer.from(changed).toString('base64url');

  it.each([
    ['another owner', { ...LIST, owner: 'bob' }, cursor],
    ['another list', { ...LIST, of: 'calls' }, cursor],
    ['nothing', LIST, ''],
    ['another time', LIST, again(text.replace('/12/', '/13/'))],
    ['another id', LIST, again(text.replace(/x$/, 'y'))],
    ['no id', LIST, again(text.replace(/x$/, ''))],
    ['something before it', LIST, again(`x${text}`)],
    ['a line after it', LIST, again(`${text}\n`)],
    ['no time', LIST, again(text.replace('/12/', '//'))],
  ] as const)('is refused for %s', (_, list, foreign) => {
    expect(() => cursorsOf(list).after(foreign)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });
});

it('batches are full but for the last one, and keep the order', () => {
  expect(inBatches([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
  expect(inBatches([1, 2, 3, 4], 2)).toEqual([
    [1, 2],
    [3, 4],
  ]);
  expect(inBatches([], 2)).toEqual([]);
});

it('groups are within both limits or of one item, as full as they can be, and keep the order', () => {
  const limits = fc.record({ maxSize: fc.nat(20), maxItems: fc.integer({ min: 1, max: 5 }) });
  fc.assert(
    fc.property(fc.array(fc.nat(12)), limits, (items, { maxSize, maxItems }) => {
      const sum = (group: readonly number[]) => group.reduce((total, item) => total + item, 0);

      const groups = [...inGroups(items, { sizeOf: (item) => item, maxSize, maxItems })];

      expect(groups.flat()).toEqual(items);
      for (const [at, group] of groups.entries()) {
        expect(group.length).toBeGreaterThan(0);
        expect(group.length).toBeLessThanOrEqual(maxItems);
        if (group.length > 1) expect(sum(group)).toBeLessThanOrEqual(maxSize);
        const [next] = groups[at + 1] ?? [];
        if (next !== undefined && group.length < maxItems) expect(sum(group) + next).toBeGreaterThan(maxSize);
      }
    }),
  );
});
