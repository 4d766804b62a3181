import { LIFECYCLE_SERVICES, type LifecycleEvent, type Logger, ModelyardError } from '#core';
import type { Platform } from '#platform/platform.ts';
import { databaseOf, type Lifecycle } from './lifecycle.ts';
import { toEvent } from './outbox.ts';
import { runStage } from './run-stage.ts';
import { loadService } from './services.ts';

/** Of one service. */
const MAX_EVENTS = 1000;

/** Opens the stores of the platform. Rejects with `store_unavailable` where there is no lifecycle. */
export async function openLifecycle(platform: Platform, logger: Logger): Promise<Lifecycle> {
  const stores = await platform.lifecycle?.();
  if (!stores) throw new ModelyardError('store_unavailable', 'This deployment has no lifecycle.');
  const lifecycle: Lifecycle = {
    ...{ platform, stores, logger },
    async ask(service, query, args) {
      const { queries = {} } = await loadService(service);
      const answer = queries[query];
      if (!answer) throw new ModelyardError('internal', `The service ${service} has no query ${query}.`);
      return answer(lifecycle, args);
    },
    async eventsSince(types, since) {
      const found: LifecycleEvent[] = [];
      for (const name of LIFECYCLE_SERVICES.filter((service) => stores.hasDatabase(service))) {
        const { query } = await databaseOf(lifecycle, (await loadService(name)).manifest);
        const events = query
          .selectFrom('outbox')
          .selectAll()
          .where('type', 'in', types)
          .where('created_at', '>=', since);
        found.push(...(await events.orderBy('created_at', 'desc').limit(MAX_EVENTS).execute()).map(toEvent));
      }
      return found;
    },
    async hasStage(operation) {
      const [service = '', stage = ''] = operation.split('.');
      const isService = LIFECYCLE_SERVICES.some((name) => name === service);
      return isService && isStageOf(await loadService(service), stage);
    },
    async inputsOf(operation) {
      const [service = '', stage = ''] = operation.split('.');
      return (await loadService(service)).inputs?.[stage];
    },
    async perform(operation, args, { owner, ...run }) {
      const [service = '', stage = ''] = operation.split('.');
      return runStage(lifecycle, { service, stage, arguments_json: JSON.stringify(args), owner }, run);
    },
  };
  return lifecycle;
}

/** `object`: names are read, and none is called. The test of the permissions of handlers follows types. */
const isStageOf = ({ stages }: { readonly stages: object }, name: string): boolean => Object.hasOwn(stages, name);
