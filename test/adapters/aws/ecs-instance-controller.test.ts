import { describe, expect, it } from 'vitest';
import { adoptLaunch } from '#adapters/aws/ecs-control.ts';
import { MODEL, SERVICE, useEcsControl } from './ecs-control-harness.ts';

const control = useEcsControl();
const idOf = ({ taskArn }: { readonly taskArn: string }) => taskArn.slice(taskArn.lastIndexOf('/') + 1);
const clock = { now: () => control.now, sleep: () => Promise.resolve() };
const adopt = (taskId: string) => adoptLaunch(control.rows, { model: MODEL, taskId, clock });

describe('launching on ECS', () => {
  it('answers an id at once, and lets the service run one more task', async () => {
    const launched = await control.controller.launch(MODEL, 'RandomForest');

    expect(launched).toMatchObject({ model: MODEL, variant: 'RandomForest', state: 'starting', phase: 'provisioning' });
    expect(control.ecs.counts.get(SERVICE)).toBe(1);
    expect(control.ecs.operations()).not.toContain('RunTask');
    expect(await control.controller.list(MODEL)).toMatchObject([{ id: launched.id, variant: 'RandomForest' }]);
  });

  it('shows the task that will adopt the id once, in its phase', async () => {
    const launched = await control.controller.launch(MODEL);
    for (const task of control.ecs.tasks) Object.assign(task, { lastStatus: 'PENDING', pullStartedAt: 1 });

    const listed = await control.controller.list(MODEL);

    expect(listed).toMatchObject([{ id: launched.id, phase: 'pulling', image: `${SERVICE}:1` }]);
  });

  it('gives the id and the variant to the task that starts, and to no other', async () => {
    const launched = await control.controller.launch(MODEL, 'RandomForest');
    const [task] = control.ecs.tasks;

    const [first, second] = await Promise.all([adopt(idOf(task as never)), adopt('another')]);

    const adopted = [first, second].filter((each) => each !== undefined);
    expect(adopted).toMatchObject([{ id: launched.id, variant: 'RandomForest' }]);
  });

  it('lists a running task by the id that it has adopted', async () => {
    const launched = await control.controller.launch(MODEL);
    const [task] = control.ecs.tasks;
    await adopt(idOf(task as never));
    Object.assign(task as object, { lastStatus: 'RUNNING', healthStatus: 'HEALTHY' });

    expect(await control.controller.list(MODEL)).toMatchObject([{ id: launched.id, phase: 'ready' }]);
  });

  it('lets the task that replaces it in a roll-out adopt the id', async () => {
    const launched = await control.controller.launch(MODEL);
    const old = await adopt('old-task');
    expect(await adopt('new-task')).toBeUndefined();

    await old?.release();

    expect(await adopt('new-task')).toMatchObject({ id: launched.id });
  });

  it('forgets a launch that no task has adopted in a quarter of an hour', async () => {
    await control.controller.launch(MODEL);
    control.ecs.tasks.splice(0);
    control.now += 16 * 60_000;

    expect(await control.controller.list(MODEL)).toEqual([]);
  });

  it('refuses a model that no service runs', async () => {
    await expect(control.controller.launch('unheard_of')).rejects.toMatchObject({ code: 'model_not_found' });
  });

  it('says that the instances cannot be reached when ECS cannot', async () => {
    await control.ecs.close();

    await expect(control.controller.launch(MODEL)).rejects.toMatchObject({
      code: 'registry_unavailable',
      retryable: true,
    });
  });
});

describe('waking on ECS', () => {
  it('raises a service from zero to one', async () => {
    await control.controller.wake?.(MODEL);

    expect(control.ecs.counts.get(SERVICE)).toBe(1);
  });

  it('leaves a service alone that is awake', async () => {
    control.ecs.counts.set(SERVICE, 3);

    await control.controller.wake?.(MODEL);

    expect(control.ecs.counts.get(SERVICE)).toBe(3);
    expect(control.ecs.operations()).not.toContain('UpdateService');
  });
});

describe('listing on ECS', () => {
  it.each([
    [{ lastStatus: 'PROVISIONING' }, 'provisioning', 'starting'],
    [{ lastStatus: 'PENDING', pullStartedAt: 1 }, 'pulling', 'starting'],
    [{ lastStatus: 'PENDING', pullStartedAt: 1, pullStoppedAt: 2 }, 'starting', 'starting'],
    [{ lastStatus: 'RUNNING', healthStatus: 'UNKNOWN' }, 'starting', 'starting'],
    [{ lastStatus: 'RUNNING', healthStatus: 'HEALTHY' }, 'ready', 'ready'],
    [{ lastStatus: 'RUNNING', healthStatus: 'HEALTHY', desiredStatus: 'STOPPED' }, 'draining', 'draining'],
  ])('shows a task that is %o as %s', async (status, phase, state) => {
    control.ecs.addTask(SERVICE, status);

    const [instance] = await control.controller.list(MODEL);

    expect(instance).toMatchObject({ phase, state, image: `${SERVICE}:1` });
  });

  it('leaves out tasks that are over, and those of other models', async () => {
    control.ecs.addTask(SERVICE, { lastStatus: 'STOPPED', desiredStatus: 'STOPPED' });
    control.ecs.addTask('yard-model-a', { lastStatus: 'RUNNING' });

    expect(await control.controller.list(MODEL)).toEqual([]);
  });
});

describe('stopping on ECS', () => {
  it('stops a task of the service and lowers its count, so that no other one takes its place', async () => {
    control.ecs.counts.set(SERVICE, 2);
    control.ecs.addTask(SERVICE, { lastStatus: 'RUNNING' });
    control.ecs.addTask(SERVICE, { lastStatus: 'RUNNING' });
    const [instance] = await control.controller.list(MODEL);

    const stopped = await control.controller.stop(MODEL, instance?.id ?? '');

    expect(stopped).toBe(true);
    expect(control.ecs.counts.get(SERVICE)).toBe(1);
    expect(await control.controller.list(MODEL)).toMatchObject([{ phase: 'draining' }, { state: 'starting' }]);
  });

  it('stops a launched instance by its id', async () => {
    const { id } = await control.controller.launch(MODEL);
    const [task] = control.ecs.tasks;
    await adopt(idOf(task as never));

    expect(await control.controller.stop(MODEL, id)).toBe(true);

    expect(task).toMatchObject({ desiredStatus: 'STOPPED' });
    expect(control.ecs.counts.get(SERVICE)).toBe(0);
    expect(await control.rows.launches(MODEL)).toEqual([]);
  });

  it('takes back a launch that no task has adopted', async () => {
    const { id } = await control.controller.launch(MODEL);

    expect(await control.controller.stop(MODEL, id)).toBe(true);

    expect(control.ecs.counts.get(SERVICE)).toBe(0);
    expect(await adopt('late-task')).toBeUndefined();
  });

  it('is harmless twice', async () => {
    control.ecs.counts.set(SERVICE, 2);
    control.ecs.addTask(SERVICE, { lastStatus: 'RUNNING' });
    const [instance] = await control.controller.list(MODEL);
    await control.controller.stop(MODEL, instance?.id ?? '');
    const after = control.ecs.counts.get(SERVICE);

    expect(await control.controller.stop(MODEL, instance?.id ?? '')).toBe(true);
    expect(control.ecs.counts.get(SERVICE)).toBe(after);
  });

  it('knows no instance of another model', async () => {
    control.ecs.addTask('yard-model-a', { lastStatus: 'RUNNING' });
    const [other] = await control.controller.list('model_a');

    expect(await control.controller.stop(MODEL, other?.id ?? '')).toBe(false);
  });
});
