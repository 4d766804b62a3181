import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { discoverModels } from '#catalog/discover-models.ts';
import { LIFECYCLE_SERVICES } from '#core';
import type { ServiceManifest } from '#lifecycle/service.ts';
import type { ComposedLifecycle } from './lifecycle-services.ts';

/** Reads the manifests of all services, of their worker and of its models. Rejects when one cannot be read. */
export async function readLifecycle(root: string): Promise<ComposedLifecycle> {
  const folder = join(root, 'lifecycle');
  const services = LIFECYCLE_SERVICES.map(async (name) => {
    const { href } = pathToFileURL(join(folder, name, 'manifest.ts'));
    return ((await import(href)) as { readonly manifest: ServiceManifest }).manifest;
  });
  const [workers, models] = await Promise.all([
    manifestsIn(join(folder, 'worker')),
    manifestsIn(join(folder, 'models')),
  ]);
  const [worker] = workers;
  if (!worker) throw new Error('The lifecycle has no worker.');
  return { services: await Promise.all(services), worker, models };
}

async function manifestsIn(folder: string) {
  const { models, faults } = await discoverModels([folder]);
  if (faults.length > 0) throw new Error(faults.join('\n'));
  return models.map(({ manifest }) => manifest);
}
