import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Demand, decideInstances, NO_MEMORY, SCALE_IN_WINDOW_MS, type ScalingMemory } from '#core';

const NOW = 1_000_000_000;
const MINUTE = 60_000;
const LIMITS = { min: 0, max: 10, idleMs: 5 * MINUTE };
const EMPTY = { visible: 0, inFlight: 0, delayed: 0, deadLetters: 0 };
const instance = (overrides: Partial<Demand['live'][number]> = {}): Demand['live'][number] => ({
  ...{ slots: 1, inFlight: 0, serviceMs: 1000, startedAt: NOW - 60 * MINUTE, busyAt: NOW - 60 * MINUTE },
  ...overrides,
});
const demand = (overrides: Partial<Demand> = {}): Demand => ({
  ...{ now: NOW, depth: EMPTY, live: [], desired: 0, launched: 0 },
  ...overrides,
});
/** Looks of every minute up to now that needed this many. */
const memoryOf = (desired: number, ...needed: number[]): ScalingMemory => ({
  looks: needed.map((each, at) => ({ at: NOW - (needed.length - at) * MINUTE, needed: each })),
  desired,
});

describe('scaling out', () => {
  it('starts one instance from none, however many tasks wait', () => {
    const { desired } = decideInstances(demand({ depth: { ...EMPTY, visible: 10_000 } }), LIMITS, NO_MEMORY);

    expect(desired).toBe(1);
  });

  it('asks for what finishes the backlog in a minute, at once', () => {
    const live = [instance({ slots: 8, serviceMs: 100 })];
    const asked = demand({ depth: { ...EMPTY, visible: 10_000 }, live, desired: 1 });

    expect(decideInstances(asked, LIMITS, memoryOf(1, 0, 0)).desired).toBe(3);
  });

  it('at most doubles while nobody knows how long a run takes', () => {
    const live = [instance({ serviceMs: undefined }), instance({ serviceMs: undefined })];
    const asked = demand({ depth: { ...EMPTY, visible: 10_000 }, live, desired: 2 });

    expect(decideInstances(asked, LIMITS, NO_MEMORY).desired).toBe(4);
  });

  it('keeps to the maximum of the model', () => {
    const asked = demand({ depth: { ...EMPTY, visible: 1e6 }, live: [instance()], desired: 1 });

    expect(decideInstances(asked, LIMITS, NO_MEMORY).desired).toBe(10);
  });
});

describe('scaling in', () => {
  it('waits until a whole window needed fewer', () => {
    const idle = demand({ live: [instance()], desired: 3 });

    expect(decideInstances(idle, LIMITS, memoryOf(3, 3, 0, 0, 0)).desired).toBe(3);
    expect(decideInstances(idle, LIMITS, memoryOf(3, 2, 0, 0, 0, 0)).desired).toBe(2);
  });

  it('decides nothing by a window in which most looks were missed', () => {
    const idle = demand({ live: [instance()], desired: 3 });
    const memory = { desired: 3, looks: [{ at: NOW - 5 * MINUTE, needed: 0 }] };

    expect(decideInstances(idle, LIMITS, memory).desired).toBe(3);
  });

  it('decides nothing without the depth of the queue', () => {
    const unread = demand({ depth: undefined, live: [instance()], desired: 3 });

    expect(decideInstances(unread, LIMITS, memoryOf(3, 0, 0, 0, 0, 0)).desired).toBe(3);
  });

  it('keeps an instance that had a task a moment ago, and lets it go when it has idled', () => {
    const sleepy = (idleMs: number) => demand({ live: [instance({ busyAt: NOW - idleMs })], desired: 1 });

    expect(decideInstances(sleepy(4 * MINUTE), LIMITS, memoryOf(1, 0, 0, 0, 0, 0)).desired).toBe(1);
    expect(decideInstances(sleepy(6 * MINUTE), LIMITS, memoryOf(1, 0, 0, 0, 0, 0)).desired).toBe(0);
  });

  it('keeps what running tasks fill', () => {
    const live = [instance({ slots: 4, inFlight: 4 }), instance({ slots: 4, inFlight: 3 }), instance({ slots: 4 })];
    const asked = demand({ depth: { ...EMPTY, inFlight: 7 }, live, desired: 3 });

    expect(decideInstances(asked, LIMITS, memoryOf(3, 0, 0, 0, 0, 0)).desired).toBe(3);
  });

  it('keeps as many as operators have launched', () => {
    const asked = demand({ live: [instance(), instance()], desired: 3, launched: 2 });

    expect(decideInstances(asked, LIMITS, memoryOf(3, 0, 0, 0, 0, 0)).desired).toBe(2);
  });
});

describe('a model that was woken', () => {
  it('keeps its instance for a window, whatever was seen while it slept', () => {
    const woken = demand({ desired: 1 });
    const slept = memoryOf(0, 0, 0, 0, 0, 0, 0);

    const first = decideInstances(woken, LIMITS, slept);
    const later = decideInstances({ ...woken, now: NOW + SCALE_IN_WINDOW_MS - 2 * MINUTE }, LIMITS, first.memory);

    expect(first.desired).toBe(1);
    expect(first.memory.looks).toHaveLength(1);
    expect(later.desired).toBe(1);
  });
});

describe('for any demand, the decision', () => {
  const anyInstance = fc.record({
    slots: fc.integer({ min: 1, max: 16 }),
    inFlight: fc.nat(16),
    serviceMs: fc.option(fc.nat(600_000), { nil: undefined }),
    startedAt: fc.integer({ min: NOW - 1e7, max: NOW }),
    busyAt: fc.option(fc.integer({ min: NOW - 1e7, max: NOW }), { nil: undefined }),
  });
  const count = fc.nat(1_000_000);
  const anyDemand = fc.record({
    now: fc.constant(NOW),
    depth: fc.option(fc.record({ visible: count, inFlight: count, delayed: count, deadLetters: count }), {
      nil: undefined,
    }),
    live: fc.array(anyInstance, { maxLength: 12 }),
    desired: fc.nat(10),
    launched: fc.nat(10),
  });
  const anyMemory = fc.record({
    looks: fc
      .array(fc.record({ at: fc.integer({ min: NOW - 1e7, max: NOW }), needed: fc.nat(10) }), { maxLength: 12 })
      .map((looks) => looks.toSorted((a, b) => a.at - b.at)),
    desired: fc.nat(10),
  });

  it('stays between the limits, and never sleeps while a task can be received', () => {
    fc.assert(
      fc.property(anyDemand, anyMemory, fc.nat(2), (asked, memory, min) => {
        const { desired } = decideInstances(asked, { ...LIMITS, min }, memory);

        if (asked.depth) expect(desired).toBeGreaterThanOrEqual(min);
        expect(desired).toBeLessThanOrEqual(10);
        if (asked.depth && asked.depth.visible + asked.depth.inFlight > 0) expect(desired).toBeGreaterThan(0);
      }),
    );
  });

  it('never lowers a number that was raised since the last one', () => {
    fc.assert(
      fc.property(anyDemand, anyMemory, (asked, memory) => {
        fc.pre(asked.desired > memory.desired);

        expect(decideInstances(asked, LIMITS, memory).desired).toBeGreaterThanOrEqual(asked.desired);
      }),
    );
  });

  it('keeps a bounded memory', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(600), { maxLength: 60 }), (steps) => {
        let memory = NO_MEMORY;
        let now = NOW;
        for (const seconds of steps) {
          now += 30_000 + seconds * 100;
          ({ memory } = decideInstances(demand({ now, live: [instance()], desired: 1 }), LIMITS, memory));
        }

        expect(memory.looks.length).toBeLessThanOrEqual(13);
      }),
    );
  });
});
