import { LIFECYCLE_SERVICES, type LifecycleService } from '#core';
import type { Lifecycle } from './lifecycle.ts';
import { relayAll } from './relay.ts';
import { loadService } from './services.ts';
import { wakeForWaiting } from './stages.ts';

/**
 * Delivers the events that others have left behind, and starts what has come due since the time that `since` gives for a
 * service. Times are Unix milliseconds. Never rejects. Resolves with the services that could not be asked; what they have
 * to start is due still.
 */
export async function startDue(
  lifecycle: Lifecycle,
  { since, until }: { readonly since: (service: LifecycleService) => number; readonly until: number },
): Promise<readonly LifecycleService[]> {
  const { stores, logger } = lifecycle;
  const failed: LifecycleService[] = [];
  await relayAll(lifecycle);
  // Recovery: the next call wakes it.
  await wakeForWaiting(lifecycle).catch(() => undefined);
  for (const name of LIFECYCLE_SERVICES.filter((service) => stores.hasDatabase(service))) {
    try {
      await (await loadService(name)).tick?.(lifecycle, { since: since(name), until });
    } catch (error) {
      // Recovery: the next call starts it, and the other services do not wait for this one.
      failed.push(name);
      logger.warn('What is due could not be started yet.', { service: name, reason: String(error) });
    }
  }
  return failed;
}
