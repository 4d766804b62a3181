import { LIFECYCLE_SERVICES, type LifecycleService } from '#core';
import type { Lifecycle } from './lifecycle.ts';
import { relayAll } from './relay.ts';
import { loadService } from './services.ts';
import { wakeForWaiting } from './stages.ts';

/**
 * Delivers events that stopped processes left undelivered, and starts work that came due after `since` of each service.
 * Times are Unix milliseconds. Never rejects. Resolves with the services that failed; their work is still due.
 */
export async function startDue(
  lifecycle: Lifecycle,
  { since, until }: { readonly since: (service: LifecycleService) => number; readonly until: number },
): Promise<readonly LifecycleService[]> {
  const { stores, logger } = lifecycle;
  const failed = new Set(await relayAll(lifecycle));
  // Recovery: the next call wakes it.
  await wakeForWaiting(lifecycle).catch(() => undefined);
  for (const name of LIFECYCLE_SERVICES.filter((service) => stores.hasDatabase(service))) {
    try {
      await (await loadService(name)).tick?.(lifecycle, { since: since(name), until });
    } catch (error) {
      // Recovery: the next call starts it, and the other services do not wait for this one.
      failed.add(name);
      logger.warn('Due work could not be started yet.', { service: name, reason: String(error) });
    }
  }
  return [...failed];
}
