import { describe, expect, it } from 'vitest';
import { backoffMs } from '#core';

const BACKOFF = { baseMs: 100, maxMs: 1000 };

describe('backoffMs', () => {
  it.each([
    [1, 100],
    [2, 200],
    [4, 800],
    [5, 1000],
    [500, 1000],
  ])('has a bound after %i failures of %i ms', (failures, bound) => {
    expect(backoffMs(BACKOFF, failures, () => 0.999_999)).toBeCloseTo(bound, 1);
  });

  it('is spread from nothing to its bound', () => {
    const pauses = [0, 0.25, 0.5].map((random) => backoffMs(BACKOFF, 3, () => random));

    expect(pauses).toEqual([0, 100, 200]);
  });

  it('takes a random number each time where none is given', () => {
    const pauses = new Set(Array.from({ length: 20 }, () => backoffMs(BACKOFF, 3)));

    expect(pauses.size).toBeGreaterThan(1);
    expect(Math.max(...pauses)).toBeLessThan(400);
  });
});
