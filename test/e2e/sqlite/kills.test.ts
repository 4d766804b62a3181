import { randomInt } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { pseudoRandom } from '#test/support/pseudo-random.ts';
import { killSystems } from '#test/torture/kills/kill-systems.ts';

describe('kill -9 of every process at a random moment, then a new start', () => {
  it('loses no accepted task, runs what was queued, and keeps every result', { timeout: 180_000 }, async () => {
    const seed = randomInt(1_000_000);

    const report = await killSystems({ kills: 4, random: pseudoRandom(seed) });

    expect(report, `seed ${seed}`).toMatchObject({ faults: [] });
  });
});
