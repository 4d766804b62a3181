import { describe, expect, it } from 'vitest';
import { UNSERVED_PATIENCE_MS } from '#core';
import { type EndedMessage, SimulatedFleet } from './support/simulated-fleet.ts';

const SEEDS = Array.from({ length: Number(process.env.FLEET_SEEDS ?? 60) }, (_, i) => i + 1);
const FEW_SEEDS = SEEDS.slice(0, Math.ceil(SEEDS.length / 10));
const MINUTE_MS = 60_000;

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return function random() {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Some instances of version 1, which are ready. */
async function startFleet(random: () => number, maxSize: number): Promise<SimulatedFleet> {
  const fleet = new SimulatedFleet(random);
  const size = 1 + Math.floor(random() * maxSize);
  for (let i = 0; i < size; i++) await fleet.start(`v1-${i}`, 1);
  await fleet.advance(7000);
  return fleet;
}

/** Sends a task now and then during the given time. */
async function submitFor(fleet: SimulatedFleet, random: () => number, ms: number): Promise<void> {
  const end = fleet.now + ms;
  const submit = async (): Promise<void> => {
    if (fleet.now >= end) return;
    await fleet.submit(1 + Math.floor(random() * 3));
    fleet.after(random() * 800, submit);
  };
  fleet.after(0, submit);
  await fleet.advance(ms);
}

/** Replaces the instances of one version by as many of another, one after the other; some crash on the way. */
async function rollOut(fleet: SimulatedFleet, random: () => number, from: number, to: number): Promise<void> {
  for (const id of fleet.ids(from)) {
    await fleet.start(`v${to}.${id}`, to, { setupMs: 500 + random() * 5000 });
    await submitFor(fleet, random, 6000 + random() * 20_000);
    if (random() < 0.2) await fleet.crash(id);
    else await fleet.stop(id);
  }
}

const isBlind = ({ ending, by, used }: EndedMessage): boolean => ending === 'ran' && by < used;
const isRejected = ({ ending }: EndedMessage): boolean => ending === 'rejected';

describe('a fleet of mixed contracts', { timeout: 120_000 }, () => {
  it.each([
    ['small', 6, SEEDS],
    ['large', 40, SEEDS.slice(0, Math.ceil(SEEDS.length / 20))],
  ])('finishes a roll-out with tasks of both contracts in the queue when it is %s', async (_size, maxSize, seeds) => {
    const ended: EndedMessage[] = [];
    for (const seed of seeds) {
      const random = randomOf(seed);
      const fleet = await startFleet(random, maxSize);
      await rollOut(fleet, random, 1, 2);
      await rollOut(fleet, random, 2, 3);
      await fleet.untilEmpty(10 * MINUTE_MS);

      expect({ seed, left: fleet.size }).toEqual({ seed, left: 0 });
      ended.push(...fleet.ended);
    }

    expect(ended.filter(isBlind)).toEqual([]);
    expect(ended.filter(isRejected)).toEqual([]);
    // Older instances run newer tasks that use nothing new.
    expect(ended.filter(({ writer, by }) => by < writer).length).toBeGreaterThan(ended.length / 10);
    // Time in which a task waited although an instance with a free slot could read it.
    const neglected = ended.map(({ neglectedMs }) => neglectedMs).toSorted((a, b) => a - b);
    expect(neglected[Math.floor(neglected.length * 0.5)]).toBe(0);
    expect(neglected[Math.floor(neglected.length * 0.99)]).toBeLessThan(5000);
    expect(neglected.at(-1)).toBeLessThan(30_000);
  });

  it('keeps what only the new contract reads while that comes back in time', async () => {
    for (const seed of FEW_SEEDS) {
      const random = randomOf(seed);
      const fleet = await startFleet(random, 4);
      await fleet.start('new', 3);
      await submitFor(fleet, random, MINUTE_MS);
      await fleet.crash('new');
      await submitFor(fleet, random, UNSERVED_PATIENCE_MS - 2 * MINUTE_MS);
      await fleet.start('again', 3);
      await fleet.untilEmpty(10 * MINUTE_MS);

      expect({ seed, left: fleet.size }).toEqual({ seed, left: 0 });
      expect(fleet.ended.filter((each) => isRejected(each) || isBlind(each))).toEqual([]);
    }
  });

  it('gives up what only a contract reads that was rolled back, runs the rest, and becomes quiet', async () => {
    let rejected = 0;
    for (const seed of FEW_SEEDS) {
      const random = randomOf(seed);
      const fleet = await startFleet(random, 4);
      await fleet.start('new', 3, { slots: 1 });
      await submitFor(fleet, random, MINUTE_MS);
      await fleet.crash('new');
      const crashedAt = fleet.now;
      await submitFor(fleet, random, MINUTE_MS);
      await fleet.untilEmpty(UNSERVED_PATIENCE_MS + 15 * MINUTE_MS);

      expect({ seed, left: fleet.size }).toEqual({ seed, left: 0 });
      const givenUp = fleet.ended.filter(isRejected);
      expect(givenUp.filter(({ used, endedAt }) => used === 1 || endedAt < crashedAt + UNSERVED_PATIENCE_MS)).toEqual(
        [],
      );
      expect(fleet.ended.filter(isBlind)).toEqual([]);
      // Each waiting message is delivered every ten seconds.
      expect(Math.max(0, ...givenUp.map(({ deliveries }) => deliveries))).toBeLessThan(400);
      rejected += givenUp.length;
    }
    expect(rejected).toBeGreaterThan(FEW_SEEDS.length);
  });
});
