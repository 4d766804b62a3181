import { describe, expect, it } from 'vitest';
import { adoptLaunch } from '#adapters/aws/ecs-control.ts';
import { MODEL, SERVICE, useEcsControl } from './ecs-control-harness.ts';

const control = useEcsControl();
const clock = { now: () => control.now, sleep: () => Promise.resolve() };
const MEMORY = { looks: [{ at: 1, needed: 2 }], desired: 2 };

/** A launched instance whose task runs. */
async function launched() {
  const { id } = await control.controller.launch(MODEL);
  const task = control.ecs.tasks.at(-1);
  const taskId = task?.taskArn.split('/').at(-1) ?? '';
  await adoptLaunch(control.rows, { model: MODEL, taskId, clock });
  return { id, task };
}

describe('what scaling reads of a service', () => {
  it('is its desired count, and what was remembered', async () => {
    await control.scaler.setDesired(MODEL, 2);
    await control.scaler.remember(MODEL, MEMORY);

    expect(await control.scaler.read(MODEL, [])).toEqual({ desired: 2, launched: [], memory: MEMORY });
  });

  it('is nothing for a model without a service', async () => {
    expect(await control.scaler.read('unheard_of', [])).toBeUndefined();
  });

  it('counts a launched instance while it starts and while it lives', async () => {
    const { id } = await launched();
    expect(await control.scaler.read(MODEL, [])).toMatchObject({ launched: [id] });

    control.now += 16 * 60_000;

    expect(await control.scaler.read(MODEL, [id])).toMatchObject({ launched: [id] });
    expect(await control.scaler.read(MODEL, [])).toMatchObject({ launched: [] });
  });
});

describe('a launched instance', () => {
  it('is held back from scale-in', async () => {
    const { task } = await launched();
    await control.scaler.setDesired(MODEL, 2);

    await control.scaler.read(MODEL, []);
    await control.scaler.setDesired(MODEL, 1);

    const running = control.ecs.tasks.filter(({ desiredStatus }) => desiredStatus === 'RUNNING');
    expect(running).toEqual([task]);
  });

  it('is replaced by a roll-out', async () => {
    const { task } = await launched();
    await control.scaler.read(MODEL, []);
    control.ecs.rollOuts.set(SERVICE, new Date(control.now));

    await control.scaler.read(MODEL, []);

    expect(task?.isProtected).toBe(false);
  });
});

it('a roll-out waits for long runs of the old image, but not forever', async () => {
  const busy = control.ecs.addTask(SERVICE, { lastStatus: 'RUNNING', isProtected: true });
  control.ecs.counts.set(SERVICE, 1);
  control.ecs.rollOuts.set(SERVICE, new Date(control.now));
  await control.scaler.read(MODEL, []);
  expect(busy.isProtected).toBe(true);

  control.now += 16 * 60_000;
  await control.scaler.read(MODEL, []);

  expect(busy.isProtected).toBe(false);
});
