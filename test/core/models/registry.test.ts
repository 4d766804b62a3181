import { describe, expect, it } from 'vitest';
import { contractOf } from '#contract';
import {
  createModelDirectory,
  type InstanceController,
  launchInstance,
  ModelyardError,
  registerInstance,
  stopInstance,
  wakeModel,
} from '#core';
import { createMemoryPlatform } from '#platform/memory.ts';
import { ModelARequest, ModelAResponse } from '#proto/models/model_a.ts';
import { ModelBRequest, ModelBResponse } from '#proto/models/model_b.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { aModel, anInstance } from '#test/support/registry.ts';

const A = contractOf(ModelARequest, ModelAResponse);
const B = contractOf(ModelBRequest, ModelBResponse);
const { name: _, contracts: __, version: ___, ...manifest } = aModel();

const registration = (id: string, contract = A) => {
  const { contractHash: _c, heartbeatAt: _h, expiresAt: _e, ...instance } = anInstance({ id });
  return { instance, contract, manifest };
};

/** Counts what is launched; nothing is. */
function countingController() {
  const launched: string[] = [];
  const controller: InstanceController = {
    list: async () => [],
    launch: async (model, variant) => {
      launched.push(model);
      return {
        id: `l${launched.length}`,
        name: 'n',
        model,
        state: 'starting',
        image: 'test',
        ...(variant ? { variant } : {}),
      };
    },
    stop: async (_model, id) => id === 'known',
  };
  return { controller, launched };
}

describe('registerInstance', () => {
  it('lets the same contract join and writes the model once', async () => {
    const platform = createMemoryPlatform();

    await Promise.all(['1', '2', '3'].map((id) => registerInstance(platform, registration(id))));

    expect(await platform.registry.readModel('model_a')).toMatchObject({ version: 1, contracts: [{ hash: A.hash }] });
    expect((await platform.registry.snapshot()).instances).toHaveLength(3);
  });

  it('lets exactly one of two racing contracts win', async () => {
    const platform = createMemoryPlatform();

    const results = await Promise.allSettled([
      registerInstance(platform, registration('1', A)),
      registerInstance(platform, registration('2', B)),
    ]);

    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused).toHaveLength(1);
    expect(refused[0]?.reason).toMatchObject({ code: 'contract_conflict' });
    expect((await platform.registry.readModel('model_a'))?.contracts).toHaveLength(1);
    expect((await platform.registry.snapshot()).instances).toHaveLength(1);
  });
});

describe('the model directory', () => {
  it('costs a bounded number of registry reads, whatever the traffic', async () => {
    const clock = new ManualClock();
    const platform = createMemoryPlatform({ clock });
    await registerInstance(platform, registration('1'));
    let reads = 0;
    const registry = {
      ...platform.registry,
      snapshot: () => {
        reads++;
        return platform.registry.snapshot();
      },
    };
    const directory = createModelDirectory({ ...platform, registry } as never);

    for (let i = 0; i < 100; i++)
      await Promise.all([directory.served('model_a'), directory.active(), directory.served('nope').catch(() => 0)]);

    expect(reads).toBeLessThanOrEqual(2);
  });

  it('lists a model while an instance of it is alive, and not longer', async () => {
    const clock = new ManualClock();
    const platform = createMemoryPlatform({ clock });
    await platform.contracts.put(A);
    await platform.registry.writeModel(aModel({ contracts: [{ ...A }] }));
    await platform.registry.putInstance(
      anInstance({ contractHash: A.hash, heartbeatAt: clock.now(), expiresAt: clock.now() + 30_000 }),
    );
    const directory = createModelDirectory(platform);

    const before = await directory.active();
    await clock.advance(30_000);
    const after = await directory.active();

    expect([before.length, after.length, (await directory.all()).length]).toEqual([1, 0, 1]);
  });

  it('lists the instances of a model by their ids, in whatever order they came', async () => {
    const platform = createMemoryPlatform();
    for (const id of ['b', 'c', 'a']) await registerInstance(platform, registration(id));

    const { live } = await createModelDirectory(platform).served('model_a');

    expect(live.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  });

  it('serves a newer contract only while an instance that speaks it is alive', async () => {
    const clock = new ManualClock();
    const platform = createMemoryPlatform({ clock });
    const accepted = ['old', 'new'].map((hash) => ({ hash, requestMessage: 'Q', responseMessage: 'R' }));
    for (const hash of ['old', 'new']) await platform.contracts.put({ ...A, hash });
    await platform.registry.writeModel(aModel({ contracts: accepted }));
    const speak = (id: string, contractHash: string) =>
      platform.registry.putInstance(
        anInstance({ id, contractHash, heartbeatAt: clock.now(), expiresAt: clock.now() + 30_000 }),
      );
    await speak('1', 'old');
    await speak('2', 'new');
    const directory = createModelDirectory(platform);

    const both = await directory.served('model_a');
    await clock.advance(25_000);
    await speak('1', 'old');
    await clock.advance(10_000);
    const oldAlone = await directory.served('model_a');

    expect([both.contract.hash, oldAlone.contract.hash]).toEqual(['new', 'old']);
  });

  it('answers from what it read last while the registry is away, then says so', async () => {
    const clock = new ManualClock();
    const platform = createMemoryPlatform({ clock });
    await registerInstance(platform, { ...registration('1') });
    let away = false;
    const registry = {
      snapshot: async () => {
        if (away) throw new ModelyardError('registry_unavailable', 'Away.', { retryable: true, retryAfterSeconds: 5 });
        return platform.registry.snapshot();
      },
    };
    const directory = createModelDirectory({ ...platform, registry } as never);
    await directory.served('model_a');
    away = true;

    await clock.advance(50_000);
    const during = await directory.active();
    await clock.advance(20_000);

    expect(during.map(({ model }) => model.name)).toEqual(['model_a']);
    await expect(directory.served('model_a')).rejects.toMatchObject({
      code: 'registry_unavailable',
      retryAfterSeconds: 5,
    });
  });
});

describe('a registry that does not answer at all', () => {
  it('keeps nobody waiting for long who can be answered without it', async () => {
    const clock = new ManualClock();
    const platform = createMemoryPlatform({ clock });
    await registerInstance(platform, registration('1'));
    let silent = false;
    const registry = { snapshot: () => (silent ? new Promise(() => undefined) : platform.registry.snapshot()) };
    const directory = createModelDirectory({ ...platform, registry } as never);
    await directory.active();
    silent = true;
    await clock.advance(10_000);

    const answer = directory.active();
    await clock.advance(2000);

    expect((await answer).map(({ model }) => model.name)).toEqual(['model_a']);
  });
});

describe('wakeModel', () => {
  it('launches exactly one for a hundred simultaneous submits', async () => {
    const platform = createMemoryPlatform();
    await platform.registry.writeModel(aModel());
    const { controller, launched } = countingController();

    const woke = await Promise.all(
      Array.from({ length: 100 }, () =>
        wakeModel({ ...platform, instances: controller }, { model: 'model_a', known: [] }),
      ),
    );

    expect(launched).toEqual(['model_a']);
    expect(woke.filter(Boolean)).toHaveLength(1);
  });

  it('leaves a model alone whose instance is still starting', async () => {
    const platform = createMemoryPlatform();
    await platform.registry.writeModel(aModel());
    const { controller, launched } = countingController();

    await wakeModel(
      { ...platform, instances: controller },
      { model: 'model_a', known: [anInstance({ state: 'starting' })] },
    );

    expect(launched).toEqual([]);
  });

  it('lets the next one try when the launch failed', async () => {
    const platform = createMemoryPlatform();
    await platform.registry.writeModel(aModel());
    const { controller, launched } = countingController();
    const broken = { ...controller, launch: () => Promise.reject(new Error('no capacity')) };

    await wakeModel({ ...platform, instances: broken }, { model: 'model_a', known: [] }).catch(() => undefined);
    await wakeModel({ ...platform, instances: controller }, { model: 'model_a', known: [] });

    expect(launched).toEqual(['model_a']);
  });
});

describe('instance control', () => {
  const served = { model: aModel({ variants: ['Plain', 'Fancy'] }), live: [anInstance()] };

  it('launches up to maxInstances and names the limit beyond', async () => {
    const { controller } = countingController();

    const launched = await launchInstance(controller, served, 'Fancy');
    const beyond = launchInstance(controller, { ...served, live: [anInstance(), anInstance({ id: 'i2' })] });

    expect(launched).toMatchObject({ variant: 'Fancy', state: 'starting' });
    await expect(beyond).rejects.toMatchObject({
      code: 'instance_limit',
      message: expect.stringContaining('allows 2'),
    });
  });

  it('refuses a variant that the model does not have, with the place', async () => {
    const { controller } = countingController();

    const launching = launchInstance(controller, served, 'Shiny');

    await expect(launching).rejects.toMatchObject({ code: 'invalid_input', errors: [{ pointer: '/variant' }] });
  });

  it('tells an unknown instance from one that runs elsewhere', async () => {
    const { controller } = countingController();

    await stopInstance(controller, served, 'known');

    await expect(stopInstance(controller, served, 'nope')).rejects.toMatchObject({ code: 'instance_not_found' });
    await expect(stopInstance(controller, served, 'i1')).rejects.toMatchObject({ code: 'instance_uncontrolled' });
  });
});
