import { type HandlerDeps, type HttpRequest, httpHandler, LIFECYCLE_ROUTES } from '#api';
import { type Logger, ModelyardError } from '#core';
import type { Platform } from '#platform/platform.ts';
import type { Lifecycle } from './lifecycle.ts';
import { openLifecycle } from './open-lifecycle.ts';
import { relayEvents } from './relay.ts';
import { loadService } from './services.ts';
import { startTicker } from './ticker.ts';

const running = new WeakMap<Platform, Promise<Lifecycle>>();

/** Opens the lifecycle of a process that stays, which starts due work. A platform has one. */
export function runLifecycle(platform: Platform, logger: Logger): Promise<Lifecycle> {
  const known = running.get(platform);
  if (known) return known;
  const opened = openLifecycle(platform, logger).then((lifecycle) => {
    startTicker(lifecycle);
    return lifecycle;
  });
  running.set(platform, opened);
  // The next call tries again.
  opened.catch(() => running.delete(platform));
  return opened;
}

/**
 * All routes of the lifecycle. A service is loaded at its first request. With `staysRunning`, the process also starts due
 * work without a request.
 */
export function createHandler(deps: HandlerDeps, { staysRunning = false } = {}) {
  let opened: Promise<Lifecycle> | undefined;

  async function open(): Promise<Lifecycle> {
    if (staysRunning) return runLifecycle(deps.platform, deps.logger);
    opened ??= openLifecycle(deps.platform, deps.logger);
    try {
      return await opened;
    } catch (error) {
      opened = undefined;
      throw error;
    }
  }

  return httpHandler(
    deps,
    async function answerLifecycle(request) {
      const service = await loadService(serviceOf(request));
      const lifecycle = await open();
      const answer = await service.handle({ ...lifecycle, deps }, request);
      if (request.method !== 'GET') await relayEvents(lifecycle, service.manifest);
      return answer;
    },
    { routes: LIFECYCLE_ROUTES, produces: '*' },
  );
}

function serviceOf({ method, route }: HttpRequest): string {
  const row = LIFECYCLE_ROUTES.find((candidate) => candidate.method === method && candidate.path === route);
  if (!row) throw new ModelyardError('route_not_found', 'There is no such route.');
  return row.service;
}
