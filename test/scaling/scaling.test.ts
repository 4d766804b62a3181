import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Metric, stepScaling, targetTracking } from './cloudwatch.ts';
import { collector, USUAL_FAULTS } from './collector.ts';
import { judge } from './judge.ts';
import { LOADS } from './loads.ts';
import { type Moment, World } from './world.ts';

const [BURST, STEADY, TRICKLE, POISON] = LOADS;
const seeds = fc.integer({ min: 0, max: 2 ** 31 });
const RUNS = { numRuns: 25 };
/** The same ones in every run, for what holds for most of them only. */
const SAMPLE = Array.from({ length: 100 }, (_, at) => at * 357_913);

/** Seconds of the half hour after the start in which more than four seconds of work waited. */
const secondsBehind = (moments: readonly Moment[]): number =>
  moments.slice(900, 2700).filter(({ held }) => held > 60).length;

describe('scaling by the collector, whatever AWS delays or loses,', () => {
  it('starts the first instance of a sleeping model within 70 seconds', () => {
    fc.assert(
      fc.property(fc.constantFrom(...LOADS), seeds, (load, seed) => {
        const { firstReady, undoneWakes } = judge(load, collector(), seed);

        expect(firstReady).toBeLessThanOrEqual(70);
        expect(undoneWakes).toBe(0);
      }),
      RUNS,
    );
  });

  it('changes direction twice: up with the load and down after it', () => {
    fc.assert(
      fc.property(fc.constantFrom(...LOADS), seeds, (load, seed) => {
        expect(judge(load, collector(), seed).flaps).toBe(0);
      }),
      RUNS,
    );
  });

  it('sleeps again when the load has ended', () => {
    fc.assert(
      fc.property(fc.constantFrom(...LOADS), seeds, (load, seed) => {
        const { moments, drained } = judge(load, collector(), seed);

        expect(drained).toBeDefined();
        expect(moments.at(-1)).toMatchObject({ desired: 0, ready: 0, held: 0 });
      }),
      RUNS,
    );
  });

  it('works off a burst of 10,000 within seven minutes', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        expect(judge(BURST, collector(), seed).drained).toBeLessThan(420);
      }),
      RUNS,
    );
  });

  it('mostly keeps at most two instances too many under a steady load, and never falls behind it', () => {
    const calm = SAMPLE.map((seed) => judge(STEADY, collector(), seed)).filter(
      ({ overshoot, moments }) => overshoot <= 2 && secondsBehind(moments) === 0,
    );

    expect(calm.length).toBeGreaterThanOrEqual(0.95 * SAMPLE.length);
  });

  it('is never far off a steady load, whichever looks are missed', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { overshoot, moments } = judge(STEADY, collector(), seed);

        expect(overshoot).toBeLessThanOrEqual(6);
        expect(secondsBehind(moments)).toBeLessThan(600);
      }),
      RUNS,
    );
  });

  it('keeps one instance awake for a task a minute, and no second one', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { peak, moments } = judge(TRICKLE, collector(), seed);

        expect(peak).toBe(1);
        expect(moments.slice(70, 2700).every(({ desired }) => desired === 1)).toBe(true);
      }),
      RUNS,
    );
  });

  it('spends no more on tasks that always fail than their attempts take', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { instanceMinutes } = judge(POISON, collector(), seed);

        // 2,000 tasks of three runs of two seconds, and the windows of twelve instances after the last one.
        expect(instanceMinutes).toBeLessThan((2000 * 3 * 2) / 60 + 12 * 10);
      }),
      RUNS,
    );
  });

  it('never sleeps on waiting tasks when half of the looks are missed', () => {
    const faults = { ...USUAL_FAULTS, missed: 0.5, staleSeconds: 60 };
    fc.assert(
      fc.property(fc.constantFrom(...LOADS), seeds, (load, seed) => {
        const { undoneWakes, drained } = judge(load, collector(faults), seed);

        expect(undoneWakes).toBe(0);
        expect(drained).toBeDefined();
      }),
      RUNS,
    );
  });
});

describe('alarms of CloudWatch on the same loads', () => {
  it('never start an instance by target tracking, because the newest point of a late metric is its FILL', () => {
    const { drained, peak } = judge(BURST, targetTracking(), 1);

    expect({ drained, peak }).toEqual({ drained: undefined, peak: 1 });
  });

  it('let the low alarm take a wake-up back', () => {
    expect(judge(BURST, targetTracking(), 1).undoneWakes).toBe(1);
  });

  it('overshoot and flap by step scaling, which sees neither starts nor run times', () => {
    expect(judge(STEADY, stepScaling(), 1).overshoot).toBeGreaterThan(3);
    expect(judge(TRICKLE, stepScaling(), 1).flaps).toBeGreaterThan(3);
  });

  it('see a point when it has come, and not before', () => {
    const world = new World(TRICKLE, 1);
    const metric = new Metric({ least: 90, most: 90, missing: 0 });
    world.second = 59;
    metric.put(world, 7);

    world.second = 119;
    expect(metric.last(world, 2)).toEqual([undefined, undefined]);
    world.second = 179;
    expect(metric.last(world, 2)).toEqual([7, undefined]);
  });
});
