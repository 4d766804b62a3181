import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { changed } from './plants/apply-plant.ts';
import { PLANTS, type Plant, type PlantName } from './plants/plants.ts';
import { show, simulate } from './simulation.ts';

const PATIENCE_MS = 600_000;
const ROOT = new URL('../../', import.meta.url);

async function linesOf(seed: number): Promise<string[]> {
  const lines: string[] = [];
  await show('trace', seed, (line) => lines.push(line));
  return lines;
}

describe('the simulation', () => {
  it('breaks no rule in 2,000 seeds', { timeout: PATIENCE_MS }, async () => {
    const { failures, seeds } = await simulate({ from: 1, seeds: 2000, threads: 1, isKeepingOn: true });

    expect(failures).toEqual([]);
    expect(seeds).toBe(2000);
  });

  // A timeout charged to a neighbour of a blocked thread; batches whose signal never aborted; a clock that was set back.
  it.each([4609, 7609, 8985, 7155])('breaks no rule in seed %i, which has found a defect', async (seed) => {
    const { failures } = await simulate({ from: seed, seeds: 1, threads: 1 });

    expect(failures).toEqual([]);
  });

  // One of each platform among them.
  it.each([1, 2, 3, 5, 8])('plays seed %i the same way every time', async (seed) => {
    const first = await linesOf(seed);

    expect(first.length).toBeGreaterThan(20);
    expect(await linesOf(seed)).toEqual(first);
  });
});

describe('the plants', () => {
  it.each(Object.entries(PLANTS))('of %s still fit the code', (_, { changes }: Plant) => {
    const sources = new Map<string, string>();
    for (const change of changes) {
      const source = sources.get(change.file) ?? readFileSync(new URL(change.file, ROOT), 'utf8');
      sources.set(change.file, changed(source, change));
    }

    expect(sources.size).toBe(new Set(changes.map(({ file }) => file)).size);
  });

  // Those that few seeds show are found by `npm run simulate -- --plants`.
  it.each<[PlantName, number]>([
    // One in 300 seeds shows it.
    ['poison-charges-neighbours', 601],
    ['accepted-before-sent', 1],
    ['retries-keep-attempts', 1],
    ['batches-trust-the-queue', 1],
    ['events-of-one-round', 1],
    ['webhooks-of-last-rounds', 1],
    ['redeliveries-at-rest', 1],
    ['rotations-without-overlap', 1],
    ['uploads-by-size', 1],
    ['lists-without-ties', 1],
    ['late-cancels-counted', 201],
    ['places-of-unstored-tasks', 101],
    ['places-never-free', 101],
    ['found-requests-dropped', 4901],
    ['tasks-of-strangers', 1],
    ['batches-of-strangers', 101],
    ['counts-of-tasks-only', 1],
    ['results-of-neighbours', 1],
    ['retries-forget-attempts', 1],
    ['redriven-by-owners', 101],
    ['redriven-twice', 1],
    ['first-dead-letters-only', 101],
    ['newest-delivery-only', 201],
    ['groups-of-owners', 1],
    ['wrong-rows', 1],
  ])('%s is found within 2,000 seeds from %i', { timeout: PATIENCE_MS }, async (plant, from) => {
    const { failures } = await simulate({ from, seeds: 2000, threads: 1, plant });

    expect(failures.length).toBeGreaterThan(0);
  });
});
