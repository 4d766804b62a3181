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

describe('the need of a backlog', () => {
  const asked = (depth: Partial<typeof EMPTY>, live: Demand['live'], desired = live.length) =>
    decideInstances(demand({ depth: { ...EMPTY, ...depth }, live, desired }), LIMITS, NO_MEMORY).desired;

  it('is by the slowest instance, of tasks that wait and those that run', () => {
    const live = [instance({ slots: 2, serviceMs: 100 }), instance({ slots: 2, serviceMs: 6000 })];

    expect(asked({ visible: 50, inFlight: 10 }, live)).toBe(3);
    expect(asked({ visible: 60 }, live)).toBe(3);
    expect(asked({ visible: 61 }, live)).toBe(4);
    expect(asked({ visible: 1 }, live)).toBe(2);
  });

  it('counts two waiting tasks for each slot while the time of a run is unknown', () => {
    const live = [instance({ slots: 4, serviceMs: undefined }), instance({ slots: 4, serviceMs: undefined })];

    expect(asked({ visible: 16 }, live)).toBe(2);
    expect(asked({ visible: 17 }, live)).toBe(3);
    expect(asked({ visible: 32, inFlight: 8 }, live)).toBe(4);
  });

  it('is nothing for retries that wait, which keep the last instance', () => {
    const live = [instance(), instance()];
    const quiet = memoryOf(2, 0, 0, 0, 0, 0);
    const delayed = demand({ depth: { ...EMPTY, delayed: 100 }, live, desired: 2 });

    expect(decideInstances(delayed, LIMITS, quiet).desired).toBe(1);
    expect(decideInstances({ ...delayed, live: [], desired: 0 }, LIMITS, NO_MEMORY)).toEqual({
      desired: 0,
      memory: { looks: [], desired: 0 },
    });
  });

  it('keeps an instance that started a moment ago, and one of several that had a task', () => {
    const quiet = memoryOf(1, 0, 0, 0, 0, 0);
    const started = instance({ busyAt: undefined, startedAt: NOW - MINUTE });
    const ask = (live: Demand['live']) => decideInstances(demand({ live, desired: 1 }), LIMITS, quiet).desired;

    expect(ask([started])).toBe(1);
    expect(ask([instance(), started])).toBe(1);
    expect(ask([instance()])).toBe(0);
    expect(ask([instance({ busyAt: NOW - LIMITS.idleMs })])).toBe(0);
    expect(ask([])).toBe(0);
  });

  it('fills four of five slots before another instance stays', () => {
    const quiet = memoryOf(3, 0, 0, 0, 0, 0);
    const stay = (...running: number[]) => {
      const live = running.map((inFlight) => instance({ slots: 5, inFlight, serviceMs: 1 }));
      const depth = { ...EMPTY, inFlight: running.reduce((sum, each) => sum + each) };
      return decideInstances(demand({ depth, live, desired: 3 }), LIMITS, quiet).desired;
    };

    expect(stay(4, 4, 0)).toBe(2);
    expect(stay(4, 4, 1)).toBe(3);
    expect(stay(4, 0, 0)).toBe(1);
  });
});

describe('the window of scaling in', () => {
  const idle = demand({ live: [instance()], desired: 3 });
  const looksAt = (...seconds: number[]) => ({
    desired: 3,
    looks: seconds.map((ago) => ({ at: NOW - ago * 1000, needed: 0 })),
  });

  it('begins with a look that may be a minute late, and forgets older ones', () => {
    expect(decideInstances(idle, LIMITS, looksAt(240, 120)).desired).toBe(0);
    expect(decideInstances(idle, LIMITS, looksAt(239, 120)).desired).toBe(3);
    expect(decideInstances(idle, LIMITS, looksAt(240)).desired).toBe(3);
    expect(decideInstances(idle, LIMITS, looksAt(359, 120)).desired).toBe(0);
    expect(decideInstances(idle, LIMITS, looksAt(360, 120)).desired).toBe(3);
    expect(decideInstances(idle, LIMITS, looksAt(360, 120)).memory.looks).toHaveLength(2);
  });

  it('goes on while the number is right, and begins anew with a wake-up or a launch', () => {
    const busy = demand({ depth: { ...EMPTY, visible: 1 }, live: [instance()], desired: 1 });
    const before = memoryOf(1, 1, 1);

    expect(decideInstances(busy, LIMITS, before)).toEqual({
      desired: 1,
      memory: { desired: 1, looks: [...before.looks, { at: NOW, needed: 1 }] },
    });
    expect(decideInstances(busy, LIMITS, { ...before, desired: 0 }).memory.looks).toHaveLength(1);
    expect(decideInstances({ ...busy, depth: undefined }, LIMITS, before)).toEqual({ desired: 1, memory: before });
  });

  it('never raises the number by what was needed before', () => {
    expect(decideInstances({ ...idle, desired: 2 }, LIMITS, memoryOf(2, 9, 9, 9, 9, 9)).desired).toBe(2);
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
