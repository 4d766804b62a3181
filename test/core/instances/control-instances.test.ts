import { describe, expect, it } from 'vitest';
import {
  type ControlledInstance,
  type Instance,
  type InstanceController,
  type InstancePhase,
  launchInstance,
  listInstances,
  type ModelyardError,
  stopInstance,
} from '#core';
import { aModel, anInstance } from '#test/support/registry.ts';

const MODEL = aModel({ variants: ['Plain', 'Fancy'] });
const known = (more: Partial<ControlledInstance> = {}): ControlledInstance => ({
  id: 'i1',
  name: 'task/i1',
  model: 'model_a',
  state: 'starting',
  image: 'from-platform',
  ...more,
});

/** A platform with these instances, which records what it is told to do. */
function controllerOf(...instances: readonly ControlledInstance[]) {
  const calls: unknown[] = [];
  const controller: InstanceController = {
    list: async (model) => instances.filter((instance) => instance.model === model),
    launch: async (model, variant) => {
      calls.push(['launch', model, variant]);
      return known({ id: 'new' });
    },
    stop: async (model, id) => {
      calls.push(['stop', model, id]);
      return instances.some((instance) => instance.id === id);
    },
  };
  return { calls, controller };
}

const list = async (instances: readonly ControlledInstance[], live: readonly Instance[]) =>
  listInstances(controllerOf(...instances).controller, { model: MODEL, live });

describe('the instances of a model', () => {
  it('are those of the platform, then those that only send heartbeats', async () => {
    const other = anInstance({ id: 'i2', image: 'elsewhere', variant: 'Fancy' });

    const views = await list([known()], [anInstance({ id: 'i1' }), other]);

    expect(views).toEqual([
      { ...known(), state: 'ready', heartbeat: expect.objectContaining({ id: 'i1' }) },
      {
        id: 'i2',
        name: 'model_a-i2',
        model: 'model_a',
        variant: 'Fancy',
        state: 'ready',
        image: 'elsewhere',
        heartbeat: other,
      },
    ]);
  });

  it('are only those with heartbeats where no platform controls any', async () => {
    const heartbeat = anInstance();

    const views = await listInstances(undefined, { model: MODEL, live: [heartbeat] });

    expect(views).toStrictEqual([
      { id: 'i1', name: 'model_a-i1', model: 'model_a', state: 'ready', image: 'test', heartbeat },
    ]);
  });

  it.each([
    ['starting', undefined, 'starting'],
    ['starting', 'ready', 'ready'],
    ['ready', 'starting', 'starting'],
    ['ready', 'draining', 'draining'],
    ['draining', 'ready', 'draining'],
    ['draining', undefined, 'draining'],
  ] as const)('that the platform reports as %s, with the heartbeat %s, are %s', async (state, heartbeat, expected) => {
    const live = heartbeat ? [anInstance({ state: heartbeat })] : [];

    expect((await list([known({ state })], live))[0]?.state).toBe(expected);
  });

  it.each<[InstancePhase | undefined, Instance['state'] | undefined, InstancePhase | undefined]>([
    [undefined, undefined, undefined],
    ['provisioning', undefined, 'provisioning'],
    ['pulling', undefined, 'pulling'],
    ['starting', undefined, 'starting'],
    ['provisioning', 'ready', 'ready'],
    ['pulling', 'draining', 'draining'],
    ['pulling', 'starting', 'pulling'],
  ])('in phase %s, with the heartbeat %s, show the phase %s', async (phase, heartbeat, expected) => {
    const live = heartbeat ? [anInstance({ state: heartbeat })] : [];

    const [view] = await list([known(phase ? { phase } : {})], live);

    expect(view?.phase).toBe(expected);
    expect('phase' in (view ?? {})).toBe(expected !== undefined);
  });

  it.each([
    ['Fancy', 'Plain', 'Plain'],
    ['Fancy', undefined, 'Fancy'],
    [undefined, undefined, undefined],
  ])('of variant %s, with the heartbeat of %s, are of variant %s', async (variant, heartbeat, expected) => {
    const live = [anInstance(heartbeat ? { variant: heartbeat } : {})];

    const [view] = await list([known(variant ? { variant } : {})], live);

    expect(view?.variant).toBe(expected);
    expect('variant' in (view ?? {})).toBe(expected !== undefined);
  });
});

describe('launching an instance', () => {
  const draining = known({ id: 'going', state: 'draining' });

  it.each([undefined, 'Plain'])('of variant %s is the platform’s business', async (variant) => {
    const { calls, controller } = controllerOf();

    expect(await launchInstance(controller, { model: MODEL, live: [] }, variant)).toEqual(known({ id: 'new' }));
    expect(calls).toEqual([['launch', 'model_a', variant]]);
  });

  it('is allowed beside instances that drain, and refused at the limit', async () => {
    const { calls, controller } = controllerOf(known(), draining);

    await launchInstance(controller, { model: MODEL, live: [] });
    const beyond = launchInstance(controller, { model: MODEL, live: [anInstance({ id: 'i2' })] });

    await expect(beyond).rejects.toMatchObject({
      code: 'instance_limit',
      message: 'The model model_a has 2 instances, and maxInstances allows 2.',
    });
    expect(calls).toHaveLength(1);
  });

  it.each([
    [['Plain', 'Fancy'], 'It has: Plain, Fancy.'],
    [[], 'It has none.'],
  ])('of an unknown variant is refused with those of the model, %j', async (variants, offered) => {
    const { calls, controller } = controllerOf();

    const launching = launchInstance(controller, { model: { ...MODEL, variants }, live: [] }, 'Shiny');

    const error = await launching.catch((reason: ModelyardError) => reason);
    expect(error).toMatchObject({
      code: 'invalid_input',
      errors: [{ pointer: '/variant', message: `not a variant of model_a. ${offered}` }],
    });
    expect(calls).toEqual([]);
  });

  it('is refused where no platform controls any', async () => {
    const launching = launchInstance(undefined, { model: MODEL, live: [] });

    await expect(launching).rejects.toMatchObject({ code: 'instance_uncontrolled' });
  });
});

describe('stopping an instance', () => {
  const live = [anInstance({ id: 'elsewhere' })];

  it('is done by the platform that runs it', async () => {
    const { calls, controller } = controllerOf(known());

    await stopInstance(controller, { model: MODEL, live }, 'i1');

    expect(calls).toEqual([['stop', 'model_a', 'i1']]);
  });

  it.each([
    ['elsewhere', 'instance_uncontrolled', 1],
    ['nobody', 'instance_not_found', 1],
    ['not/an/id', 'instance_not_found', 0],
  ])('is refused for %s as %s', async (id, code, asked) => {
    const { calls, controller } = controllerOf(known());

    await expect(stopInstance(controller, { model: MODEL, live }, id)).rejects.toMatchObject({ code });
    await expect(stopInstance(undefined, { model: MODEL, live }, id)).rejects.toMatchObject({ code });

    expect(calls).toHaveLength(asked);
  });
});
