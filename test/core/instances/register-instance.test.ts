import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Contract, compareContracts } from '#contract';
import { createModelDirectory, type Instance, isModel, registerInstance } from '#core';
import { createMemoryPlatform, type MemoryPlatform } from '#platform/memory.ts';
import { anySchema, contractOfSchema } from '#test/contract/support/schema.ts';
import { COMPATIBLE, INCOMPATIBLE, someOf } from '#test/contract/support/schema-edits.ts';
import { chainContract } from '#test/support/contract-chain.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { aModel, anInstance } from '#test/support/registry.ts';

const { name: _, contracts: __, version: ___, ...manifest } = aModel();

const register = (platform: MemoryPlatform, contract: Contract, id = 'i1'): Promise<Instance> => {
  const { contractHash: _c, heartbeatAt: _h, expiresAt: _e, ...instance } = anInstance({ id });
  return registerInstance(platform, { instance, contract, manifest });
};

const acceptedBy = async ({ registry }: MemoryPlatform): Promise<readonly string[]> =>
  (await registry.readModel('model_a'))?.contracts.map(({ hash }) => hash) ?? [];

const hashes = (...versions: readonly number[]): readonly string[] =>
  versions.map((version) => chainContract(version).hash);

describe('registerInstance with several contracts', () => {
  it('orders contracts by what they can read, in whatever order they register', () =>
    fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([1, 2, 3, 4, 5], { minLength: 1 }), async (versions) => {
        const platform = createMemoryPlatform();

        for (const version of versions) await register(platform, chainContract(version));

        expect(await acceptedBy(platform)).toEqual(hashes(...versions.toSorted()));
        expect((await platform.registry.readModel('model_a'))?.registeredLast).toBe(hashes(versions.at(-1) ?? 0)[0]);
      }),
    ));

  it('accepts exactly contracts of which each reads everything that was written with those before it', () =>
    fc.assert(
      fc.asyncProperty(
        anySchema,
        fc.array(someOf({ ...COMPATIBLE, ...INCOMPATIBLE }), { minLength: 1, maxLength: 3 }),
        async (schema, edits) => {
          const platform = createMemoryPlatform();
          const candidates = [contractOfSchema(schema), ...edits.map((edit) => contractOfSchema(edit(schema)))];
          const byHash = new Map(candidates.map((contract) => [contract.hash, contract]));

          for (const candidate of candidates) {
            const before = (await acceptedBy(platform)).flatMap((hash) => byHash.get(hash) ?? []);
            const fits = before.every(
              (each) =>
                compareContracts(each, candidate).length === 0 || compareContracts(candidate, each).length === 0,
            );
            const outcome = await register(platform, candidate).then(
              () => true,
              () => false,
            );
            expect(outcome).toBe(fits);
          }
          const accepted = (await acceptedBy(platform)).flatMap((hash) => byHash.get(hash) ?? []);
          accepted.forEach((newer, i) => {
            for (const older of accepted.slice(0, i)) expect(compareContracts(older, newer)).toEqual([]);
          });
        },
      ),
      { numRuns: 60 },
    ));

  it('drops the oldest contracts of many, but never the one that registers', async () => {
    const platform = createMemoryPlatform();
    for (let version = 2; version <= 22; version++) await register(platform, chainContract(version));
    const newest = await acceptedBy(platform);

    await register(platform, chainContract(1));

    expect(newest).toEqual(hashes(...Array.from({ length: 20 }, (_, i) => i + 3)));
    expect(await acceptedBy(platform)).toEqual(hashes(1, ...Array.from({ length: 19 }, (_, i) => i + 4)));
  });

  it('gives up when somebody else is always faster', async () => {
    const platform = createMemoryPlatform();
    let tries = 0;
    platform.registry.writeModel = async () => {
      tries++;
      return false;
    };

    await expect(register(platform, chainContract(1))).rejects.toMatchObject({
      code: 'registry_unavailable',
      retryable: true,
      retryAfterSeconds: 1,
    });
    expect(tries).toBe(20);
  });

  it('takes a contract that is not kept any more for an older one', async () => {
    const platform = createMemoryPlatform();
    const { descriptorSet: _, ...gone } = chainContract(3);
    await platform.registry.writeModel(aModel({ contracts: [gone] }));

    await register(platform, chainContract(1));

    expect(await acceptedBy(platform)).toEqual(hashes(3, 1));
  });

  it('reads rows of earlier builds, and adds to them what they lack', async () => {
    const platform = createMemoryPlatform();
    const [one, two] = [chainContract(1), chainContract(2)];
    for (const contract of [one, two]) await platform.contracts.put(contract);
    const row = aModel({ contracts: [one, two].map(({ descriptorSet: _d, ...names }) => names) });
    await platform.registry.writeModel(row);
    await register(platform, two);
    const untouched = await platform.registry.readModel('model_a');

    await register(platform, one);

    expect([isModel(row), untouched?.version]).toEqual([true, 1]);
    expect(await platform.registry.readModel('model_a')).toMatchObject({
      registeredLast: one.hash,
      contracts: row.contracts,
    });
  });
});

describe('the description of a model', () => {
  const described = async (platform: MemoryPlatform, more: Partial<typeof manifest> & { title?: string }) => {
    const { contractHash: _c, heartbeatAt: _h, expiresAt: _e, ...instance } = anInstance();
    await registerInstance(platform, { instance, contract: chainContract(1), manifest: { ...manifest, ...more } });
    return platform.registry.readModel('model_a');
  };

  it.each([
    { description: 'Another one.' },
    { title: 'A title' },
    { variants: ['Small'] },
    ...Object.entries({ maxAttempts: 4, timeoutSeconds: 61, maxInstances: 3, acceptWhenAsleep: false }).map(
      ([name, value]) => ({ limits: { ...manifest.limits, [name]: value } }),
    ),
  ])('is that of the instance that registered last: %o', async (more) => {
    const platform = createMemoryPlatform();
    await described(platform, {});

    expect(await described(platform, {})).toMatchObject({ version: 1 });
    expect(await described(platform, more)).toMatchObject({ version: 2, ...more });
    const back = await described(platform, {});
    expect(back).toMatchObject({ version: 3, ...manifest });
    expect(back).not.toHaveProperty('title');
  });

  it('is kept from an instance that returns and started earlier, or at a time that nobody knows', async () => {
    const platform = createMemoryPlatform();
    const { contractHash: _c, heartbeatAt: _h, expiresAt: _e, ...instance } = anInstance({ startedAt: 1000 });
    const join = async (startedAt: number, description: string) => {
      const registration = { instance: { ...instance, startedAt }, contract: chainContract(1), isReturning: true };
      await registerInstance(platform, { ...registration, manifest: { ...manifest, description } });
      return (await platform.registry.readModel('model_a'))?.description;
    };

    expect(await join(1000, 'One.')).toBe('One.');
    expect(await join(1000, 'At the same time.')).toBe('At the same time.');
    expect(await join(999, 'Earlier.')).toBe('At the same time.');
    expect(await join(1001, 'Later.')).toBe('Later.');
  });

  it('names the variants of which an instance must be one', async () => {
    const platform = createMemoryPlatform();
    const { contractHash: _c, heartbeatAt: _h, expiresAt: _e, ...instance } = anInstance({ variant: 'Small' });
    const register = (variants: readonly string[]) =>
      registerInstance(platform, { instance, contract: chainContract(1), manifest: { ...manifest, variants } });

    await expect(register(['Large'])).rejects.toMatchObject({
      code: 'invalid_request',
      message: 'The registration is malformed: instance.variant must be one of the variants of the manifest.',
      errors: [{ pointer: '/instance/variant' }],
    });
    await expect(register(['Large', 'Small'])).resolves.toMatchObject({ variant: 'Small' });
  });
});

describe('a row of a model', () => {
  const row = { ...aModel(), registeredLast: 'c1', describedAt: 1, defaultVersion: 2, wakingUntil: 5 };
  const deployment = { version: '1', artifact: 'a' };

  it('is known with all that it may have', () => {
    expect(isModel(aModel())).toBe(true);
    expect(isModel({ ...row, deployment })).toBe(true);
    expect(isModel({ ...row, name: `a${'b'.repeat(47)}` })).toBe(true);
  });

  it.each<Record<string, unknown>>([
    { name: `a${'b'.repeat(48)}` },
    { name: 'Model' },
    { contracts: [] },
    { contracts: 'c1' },
    { contracts: [...aModel().contracts, { hash: 'c2' }] },
    { deployment: { version: '1' } },
    { deployment: { artifact: 'a' } },
    { deployment: { ...deployment, version: 1 } },
    { deployment: 'a' },
    { defaultVersion: 0 },
    { version: 0 },
    { wakingUntil: 'soon' },
  ])('is not read with %o', (wrong) => {
    expect(isModel({ ...row, ...wrong })).toBe(false);
  });
});

describe('an instance that returns after an outage of the registry', () => {
  const limited = (timeoutSeconds: number) => ({ ...manifest, limits: { ...manifest.limits, timeoutSeconds } });
  /** An instance of each version; the one of version 2 started later. */
  const join = (platform: MemoryPlatform, version: number, isReturning: boolean): Promise<Instance> => {
    const { contractHash: _c, heartbeatAt: _h, expiresAt: _e, ...rest } = anInstance({ id: `v${version}` });
    const instance = { ...rest, startedAt: version * 1000 };
    const contract = chainContract(version);
    return registerInstance(platform, { instance, contract, manifest: limited(version), isReturning });
  };
  const described = async ({ registry }: MemoryPlatform) => {
    const model = await registry.readModel('model_a');
    return [model?.limits.timeoutSeconds, model?.registeredLast];
  };

  it('leaves what a later one has registered', async () => {
    const platform = createMemoryPlatform();
    await join(platform, 1, false);
    await join(platform, 2, false);

    await join(platform, 1, true);

    expect(await described(platform)).toEqual([2, ...hashes(2)]);
    expect(await acceptedBy(platform)).toEqual(hashes(1, 2));
  });

  it.each([
    [1, 2],
    [2, 1],
  ])('restores a registry that has lost everything, versions %i and %i in turn', async (first, second) => {
    const platform = createMemoryPlatform();

    await join(platform, first, true);
    await join(platform, second, true);

    expect(await described(platform)).toEqual([2, ...hashes(2)]);
    expect(await acceptedBy(platform)).toEqual(hashes(1, 2));
  });

  it('does not stop an older version that starts anew from being a roll-back', async () => {
    const platform = createMemoryPlatform();
    await join(platform, 2, false);

    await join(platform, 1, false);

    expect(await described(platform)).toEqual([1, ...hashes(1)]);
  });
});

describe('the served contract', () => {
  it('is the newest of the serving instances, also after an older one registered again', async () => {
    const platform = createMemoryPlatform();
    const directory = createModelDirectory(platform);

    for (const [version, id] of [
      [1, 'old'],
      [2, 'new'],
      [1, 'old'],
    ] as const) {
      await register(platform, chainContract(version), id);
    }

    expect((await directory.served('model_a')).contract.hash).toBe(hashes(2)[0]);
  });

  it('is the one that registered last, while no instance serves', async () => {
    const clock = new ManualClock();
    const platform = createMemoryPlatform({ clock });
    for (const version of [1, 2, 1]) await register(platform, chainContract(version), `v${version}`);

    await clock.advance(60_000);

    expect((await createModelDirectory(platform).served('model_a')).contract.hash).toBe(hashes(1)[0]);
  });
});
