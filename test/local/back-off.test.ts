import fc from 'fast-check';
import { expect, it } from 'vitest';
import { backOffMs } from '#local/back-off.ts';

it('doubles from the first delay to the longest one, and varies by a fifth at most', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 200 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (failures, random) => {
        const delay = backOffMs(failures, { firstMs: 1_000, longestMs: 30_000, random: () => random });

        const doubled = Math.min(30_000, 1_000 * 2 ** (failures - 1));
        expect(delay).toBeGreaterThanOrEqual(Math.floor(doubled * 0.8));
        expect(delay).toBeLessThanOrEqual(Math.min(30_000, Math.ceil(doubled * 1.2)));
      },
    ),
  );
});
