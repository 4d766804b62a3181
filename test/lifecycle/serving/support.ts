import type { Lifecycle } from '#lifecycle/lifecycle.ts';
import type { TestLifecycle } from '#test/lifecycle/support.ts';
import { orderOf, storeTrainingSet } from '#test/lifecycle/training/support.ts';

/** A lifecycle with three versions of a model: the second is better than the first, and the third worse than both. */
export async function openWithVersions(lifecycles: TestLifecycle, name: string): Promise<Lifecycle> {
  const lifecycle = await lifecycles.open();
  const hash = await storeTrainingSet(lifecycle);
  const contracts = [{ hash: 'h', requestMessage: 'a.Q', responseMessage: 'a.A' }];
  const limits = { maxAttempts: 3, timeoutSeconds: 60, maxInstances: 1, acceptWhenAsleep: true };
  const model = { name, description: 'Rates.', variants: [], limits, contracts, version: 1 };
  await lifecycle.platform.registry.writeModel(model);
  for (const alpha of [5, 0.1, 5000]) {
    await lifecycles.run(lifecycle, 'training', 'train', orderOf(hash, { params: { alpha } }));
  }
  return lifecycle;
}
