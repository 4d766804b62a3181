import { describe, expect, it } from 'vitest';
import { type Instance, inBatches, type Model, type ModelRegistry } from '#core';

/** An empty registry of its own, and a way to take it away. */
export interface RegistryUnderTest {
  readonly registry: ModelRegistry;
  /** From now on `registry` cannot be reached. */
  cutOff(): Promise<void>;
}

const aModel = (name: string, overrides: Partial<Model> = {}): Model => ({
  name,
  description: 'Says “hello”.',
  variants: ['Small', 'Large'],
  limits: { maxAttempts: 3, timeoutSeconds: 60, maxInstances: 10, maxBacklog: 100, acceptWhenAsleep: true },
  contracts: [{ hash: 'c1', requestMessage: `models.${name}.Request`, responseMessage: `models.${name}.Response` }],
  version: 1,
  ...overrides,
});

function anInstance(id: string, overrides: Partial<Instance> = {}): Instance {
  const now = Date.now();
  return {
    id,
    model: 'model_a',
    variant: 'Large',
    state: 'ready',
    contractHash: 'c1',
    slots: 4,
    inFlight: 1,
    serviceMs: 12.5,
    endpoint: 'http://127.0.0.1:9000',
    image: 'model_a:1',
    runtimeVersion: '0.1.0',
    startedAt: now,
    heartbeatAt: now,
    expiresAt: now + 60_000,
    ...overrides,
  };
}

const byName = (a: Model, b: Model): number => (a.name < b.name ? -1 : 1);
const byId = (a: Instance, b: Instance): number => (a.id < b.id ? -1 : 1);

async function snapshotOf(registry: ModelRegistry) {
  const { models, instances } = await registry.snapshot();
  return { models: models.toSorted(byName), instances: instances.toSorted(byId) };
}

/** What every `ModelRegistry` promises. Each adapter's test calls this with its own way to open an empty one. */
export function modelRegistryContract(name: string, open: () => Promise<RegistryUnderTest>): void {
  describe(`ModelRegistry contract: ${name}`, () => {
    it('starts empty', async () => {
      const { registry } = await open();

      expect(await registry.snapshot()).toEqual({ models: [], instances: [] });
      expect(await registry.readModel('model_a')).toBeUndefined();
    });

    it('keeps a model as it was written', async () => {
      const { registry } = await open();
      const model = aModel('model_a', { wakingUntil: 12_345 });

      expect(await registry.writeModel(model)).toBe(true);

      expect(await registry.readModel('model_a')).toEqual(model);
      expect(await registry.snapshot()).toEqual({ models: [model], instances: [] });
    });

    it('replaces a model by the next version only', async () => {
      const { registry } = await open();
      await registry.writeModel(aModel('model_a'));
      const second = aModel('model_a', { version: 2, wakingUntil: 1 });

      expect(await registry.writeModel(aModel('model_a', { version: 3 }))).toBe(false);
      expect(await registry.writeModel(second)).toBe(true);
      expect(await registry.writeModel(second)).toBe(false);
      expect(await registry.writeModel(aModel('model_a'))).toBe(false);

      expect(await registry.readModel('model_a')).toEqual(second);
    });

    it('refuses a later version of a model that is not there', async () => {
      const { registry } = await open();

      expect(await registry.writeModel(aModel('model_a', { version: 2 }))).toBe(false);
      expect(await registry.readModel('model_a')).toBeUndefined();
    });

    it.each([1, 2])('lets exactly one of many writers of version %i win', async (version) => {
      const { registry } = await open();
      if (version === 2) await registry.writeModel(aModel('model_a'));
      const candidates = Array.from({ length: 10 }, (_, index) =>
        aModel('model_a', { version, wakingUntil: index + 1 }),
      );

      const wins = await Promise.all(candidates.map((candidate) => registry.writeModel(candidate)));

      expect(wins.filter(Boolean)).toEqual([true]);
      expect(await registry.readModel('model_a')).toEqual(candidates[wins.indexOf(true)]);
    });

    it('knows each instance as its last heartbeat described it', async () => {
      const { registry } = await open();
      const first = anInstance('i1', { state: 'starting', inFlight: 0 });
      const { variant: _, serviceMs: __, ...plain } = anInstance('i2');

      await registry.putInstance(first);
      await registry.putInstance(plain);
      await registry.putInstance({ ...first, state: 'ready', inFlight: 3 });

      expect((await snapshotOf(registry)).instances).toEqual([{ ...first, state: 'ready', inFlight: 3 }, plain]);
    });

    it('keeps an instance whose clock is off where its readers can judge it', async () => {
      const { registry } = await open();
      const behind = anInstance('i1', { heartbeatAt: 1000, expiresAt: 31_000 });
      const ahead = anInstance('i2', { heartbeatAt: 4e12, expiresAt: 4e12 + 30_000 });

      await registry.putInstance(behind);
      await registry.putInstance(ahead);

      expect((await snapshotOf(registry)).instances).toEqual([behind, ahead]);
    });

    it('keeps a failed start until the instance registers again', async () => {
      const { registry } = await open();
      const failure = { reason: 'The weights are missing.\nThey were “here”.', count: 2, lastAt: 1234 };
      const failing = anInstance('i1', { state: 'failing', contractHash: 'unknown', failure });
      await registry.putInstance(failing);

      expect((await snapshotOf(registry)).instances).toEqual([failing]);
      await registry.putInstance(anInstance('i1', { startedAt: failing.startedAt }));
      expect((await registry.snapshot()).instances[0]).not.toHaveProperty('failure');
    });

    it('forgets an instance that is removed, until it registers again', async () => {
      const { registry } = await open();
      await registry.putInstance(anInstance('i1'));
      await registry.putInstance(anInstance('i2'));
      await registry.putInstance(anInstance('i1', { model: 'model_b' }));

      await registry.removeInstance('model_a', 'i1');

      const left = (await snapshotOf(registry)).instances;
      expect(left.map(({ model, id }) => `${model}/${id}`)).toEqual(['model_b/i1', 'model_a/i2']);
      await registry.putInstance(anInstance('i1'));
      expect((await registry.snapshot()).instances).toHaveLength(3);
    });

    it('does not mind removing an instance twice, or one that never was', async () => {
      const { registry } = await open();
      await registry.putInstance(anInstance('i1'));

      await registry.removeInstance('model_a', 'i1');
      await registry.removeInstance('model_a', 'i1');
      await registry.removeInstance('model_a', 'never');

      expect(await registry.snapshot()).toEqual({ models: [], instances: [] });
    });

    it('shows a whole fleet in one snapshot', async () => {
      const { registry } = await open();
      const models = Array.from({ length: 30 }, (_, index) => aModel(`model_${index}`)).toSorted(byName);
      const instances = Array.from({ length: 300 }, (_, index) => anInstance(`i${index}`)).toSorted(byId);
      await Promise.all(models.map((model) => registry.writeModel(model)));
      // Not all at once: some servers accept connections one after the other.
      for (const batch of inBatches(instances, 50)) {
        await Promise.all(batch.map((instance) => registry.putInstance(instance)));
      }

      expect(await snapshotOf(registry)).toEqual({ models, instances });
    });

    it('says that it is unavailable when it cannot be reached', async () => {
      const { registry, cutOff } = await open();
      await cutOff();
      const refused = expect.objectContaining({ code: 'registry_unavailable', retryable: true });

      await expect(registry.readModel('model_a')).rejects.toEqual(refused);
      await expect(registry.writeModel(aModel('model_a'))).rejects.toEqual(refused);
      await expect(registry.putInstance(anInstance('i1'))).rejects.toEqual(refused);
      await expect(registry.removeInstance('model_a', 'i1')).rejects.toEqual(refused);
      await expect(registry.snapshot()).rejects.toEqual(refused);
    });
  });
}
