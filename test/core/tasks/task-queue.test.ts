import { expect, it } from 'vitest';
import { countsOfCopy } from '#core';

const COUNTS = { fence: 5, attempts: 2, losses: 3, isSuspect: true };

it.each([
  [{}, { ...COUNTS, isSuspect: false }],
  [{ attempts: 3 }, { ...COUNTS, attempts: 3, isSuspect: false }],
  [{ attempts: 0 }, { ...COUNTS, attempts: 0, isSuspect: false }],
  [{ keepFence: false }, { ...COUNTS, isSuspect: false }],
  [{ keepFence: true }, { ...COUNTS, fence: 4 }],
  [
    { keepFence: true, isSuspect: false },
    { ...COUNTS, fence: 4, isSuspect: false },
  ],
  [{ isSuspect: true }, COUNTS],
])('a copy that is sent with %j carries on the counts of its message', (next, counts) => {
  expect(countsOfCopy(COUNTS, next)).toEqual(counts);
});

it('a copy that keeps the fence of a message that is no suspect is none either', () => {
  expect(countsOfCopy({ ...COUNTS, isSuspect: false }, { keepFence: true }).isSuspect).toBe(false);
});
