import { type LifecycleService, ModelyardError } from '#core';
import type { Service } from './service.ts';

/** Each service is loaded at its first use. */
const LOADERS: Readonly<Partial<Record<LifecycleService, () => Promise<Service>>>> = {
  ingestion: async () => (await import('./ingestion/service.ts')).ingestion,
  preprocessing: async () => (await import('./preprocessing/service.ts')).preprocessing,
  features: async () => (await import('./features/service.ts')).features,
  training: async () => (await import('./training/service.ts')).training,
  serving: async () => (await import('./serving/service.ts')).serving,
  pipelines: async () => (await import('./pipelines/service.ts')).pipelines,
  alerts: async () => (await import('./alerts/service.ts')).alerts,
  monitoring: async () => (await import('./monitoring/service.ts')).monitoring,
};

/** Rejects with `resource_not_found` for a service that does not exist. */
export async function loadService(name: string): Promise<Service> {
  const load = Object.hasOwn(LOADERS, name) ? LOADERS[name as LifecycleService] : undefined;
  if (!load) throw new ModelyardError('resource_not_found', `There is no service ${name}.`);
  return load();
}
