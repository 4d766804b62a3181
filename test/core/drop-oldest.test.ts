import { expect, it } from 'vitest';
import { dropOldest } from '#core';

it.each([
  [3, 'abc'],
  [2, 'bc'],
  [0, ''],
])('of three entries, %i are kept: the newest', (max, kept) => {
  const entries = new Map([...'abc'].map((key) => [key, 0]));

  dropOldest(entries, max);

  expect([...entries.keys()].join('')).toBe(kept);
});
