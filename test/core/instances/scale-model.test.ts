import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type Instance, type InstanceScaler, NO_MEMORY, type ScaledService, scaleModel } from '#core';
import { ManualClock } from '#test/support/manual-clock.ts';
import { aModel, anInstance } from '#test/support/registry.ts';

const MINUTE = 60_000;
const EMPTY = { visible: 0, inFlight: 0, delayed: 0, deadLetters: 0 };

let clock: ManualClock;
let service: ScaledService | undefined;
let scaler: { [Name in keyof InstanceScaler]: ReturnType<typeof vi.fn<InstanceScaler[Name]>> };
const logger = { info: vi.fn(), warn: vi.fn(), error: vi.fn(), debug: vi.fn() };
beforeEach(() => {
  clock = new ManualClock();
  service = { desired: 0, launched: [], memory: NO_MEMORY };
  logger.info.mockReset();
  scaler = {
    read: vi.fn(async () => service),
    setDesired: vi.fn(async () => undefined),
    remember: vi.fn(async () => undefined),
  };
});

function scale({
  depth = EMPTY,
  live = [],
  limits = {},
  min = 0,
}: {
  readonly depth?: typeof EMPTY;
  readonly live?: readonly Instance[];
  readonly limits?: { readonly idleSeconds?: number; readonly maxInstances?: number };
  readonly min?: number;
}): Promise<void> {
  const model = aModel({ limits: { ...aModel().limits, maxInstances: 10, ...limits } });
  return scaleModel({ scaler, clock, logger }, { model, live, depth }, min);
}

const idleFor = (ms: number, id = 'i1') =>
  anInstance({ id, startedAt: clock.now() - 60 * MINUTE, busyAt: clock.now() - ms });
/** Looks of the last five minutes that needed nothing. */
const quiet = (desired: number) => ({
  desired,
  looks: [5, 4, 3, 2, 1].map((ago) => ({ at: clock.now() - ago * MINUTE, needed: 0 })),
});

describe('the number of instances', () => {
  it('is changed for a backlog, logged and remembered', async () => {
    await scale({ depth: { ...EMPTY, visible: 5 } });

    expect(scaler.setDesired.mock.calls).toEqual([['model_a', 1]]);
    expect(logger.info.mock.calls).toEqual([
      ['The number of instances was changed.', { model: 'model_a', from: 0, to: 1 }],
    ]);
    expect(scaler.remember.mock.calls).toEqual([['model_a', { desired: 1, looks: [{ at: clock.now(), needed: 1 }] }]]);
  });

  it('costs no write while a model sleeps, and one to forget what was remembered', async () => {
    await scale({});
    expect(scaler.remember).not.toHaveBeenCalled();

    service = { desired: 1, launched: [], memory: quiet(1) };
    await scale({ live: [idleFor(6 * MINUTE)] });

    expect(scaler.setDesired.mock.calls).toEqual([['model_a', 0]]);
    expect(scaler.remember.mock.calls).toEqual([['model_a', { desired: 0, looks: [] }]]);
  });

  it('is not changed when it is right, nor for a model that the platform does not run', async () => {
    service = { desired: 1, launched: [], memory: NO_MEMORY };
    await scale({ depth: { ...EMPTY, visible: 1 }, live: [idleFor(0)] });
    expect(scaler.setDesired).not.toHaveBeenCalled();
    expect(scaler.remember).toHaveBeenCalledOnce();

    service = undefined;
    await scale({ depth: { ...EMPTY, visible: 1000 }, live: [idleFor(0)] });
    expect(scaler.setDesired).not.toHaveBeenCalled();
    expect(scaler.remember).toHaveBeenCalledOnce();
  });

  it.each([
    [undefined, 299, 1],
    [undefined, 301, 0],
    [60, 59, 1],
    [60, 61, 0],
  ])('with an idle time of %s s is, %i s after the last task, %i', async (idleSeconds, idle, desired) => {
    service = { desired: 1, launched: [], memory: quiet(1) };

    await scale({ live: [idleFor(idle * 1000)], limits: idleSeconds === undefined ? {} : { idleSeconds } });

    expect(scaler.setDesired.mock.calls).toEqual(desired === 1 ? [] : [['model_a', desired]]);
  });

  it('is at least that of the stage and of operators, and asks for instances that are not draining', async () => {
    service = { desired: 4, launched: ['i2', 'i3'], memory: quiet(4) };
    const draining = anInstance({ id: 'i9', state: 'draining' });

    await scale({ live: [idleFor(6 * MINUTE), draining, idleFor(6 * MINUTE, 'i2')] });
    await scale({ live: [], min: 3 });

    expect(scaler.read.mock.calls).toEqual([
      ['model_a', ['i1', 'i2']],
      ['model_a', []],
    ]);
    expect(scaler.setDesired.mock.calls).toEqual([
      ['model_a', 2],
      ['model_a', 3],
    ]);
  });

  it('leaves slots of draining instances out', async () => {
    service = { desired: 1, launched: [], memory: NO_MEMORY };
    const busy = anInstance({ slots: 1, serviceMs: MINUTE, inFlight: 1 });
    const draining = anInstance({ id: 'i9', state: 'draining', slots: 16, serviceMs: 10 * MINUTE, inFlight: 16 });

    await scale({ depth: { ...EMPTY, inFlight: 2 }, live: [draining, busy] });

    expect(scaler.setDesired.mock.calls).toEqual([['model_a', 2]]);
  });
});
