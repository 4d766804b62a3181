import { type HandlerDeps, type HttpRequest, httpHandler, LIFECYCLE_ROUTES } from '#api';
import { ModelyardError } from '#core';
import type { Platform } from '#platform/platform.ts';
import type { Lifecycle } from './lifecycle.ts';
import { openLifecycle } from './open-lifecycle.ts';
import { relayEvents } from './relay.ts';
import { loadService } from './services.ts';
import { startTicker } from './ticker.ts';

const lifecycles = new WeakMap<Platform, Promise<Lifecycle>>();

/** The lifecycle of a platform, which is opened once. With `staysRunning`, the process starts its due work. */
export function lifecycleOf(
  { platform, logger }: Pick<HandlerDeps, 'platform' | 'logger'>,
  { staysRunning }: { readonly staysRunning: boolean },
): Promise<Lifecycle> {
  const known = lifecycles.get(platform);
  if (known) return known;
  const opened = openLifecycle(platform, logger).then((lifecycle) => {
    if (staysRunning) startTicker(lifecycle);
    return lifecycle;
  });
  lifecycles.set(platform, opened);
  // The next call tries again.
  opened.catch(() => lifecycles.delete(platform));
  return opened;
}

/**
 * All routes of the lifecycle. A service is loaded at its first request. With `staysRunning`, the process also starts due
 * work without a request.
 */
export const createHandler = (deps: HandlerDeps, { staysRunning = false } = {}) =>
  httpHandler(
    deps,
    async function answerLifecycle(request) {
      const service = await loadService(serviceOf(request));
      const lifecycle = await lifecycleOf(deps, { staysRunning });
      const answer = await service.handle({ ...lifecycle, deps }, request);
      if (request.method !== 'GET') await relayEvents(lifecycle, service.manifest);
      return answer;
    },
    { routes: LIFECYCLE_ROUTES, produces: '*' },
  );

function serviceOf({ method, route }: HttpRequest): string {
  const row = LIFECYCLE_ROUTES.find((candidate) => candidate.method === method && candidate.path === route);
  if (!row) throw new ModelyardError('route_not_found', 'There is no such route.');
  return row.service;
}
