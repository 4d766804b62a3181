import { LIFECYCLE_SERVICES, type LifecycleService } from '#core';
import type { Lifecycle } from './lifecycle.ts';
import { relayEvents } from './relay.ts';
import { loadService } from './services.ts';
import { wakeForWaiting } from './stages.ts';

/** Unix milliseconds. */
interface Span {
  readonly since: number;
  readonly until: number;
}

/**
 * Delivers events that stopped processes left undelivered, and starts work that came due, of all services at once. Never
 * rejects. Resolves with the services that failed; their work is still due.
 */
export async function startDue(lifecycle: Lifecycle, span: Span): Promise<readonly LifecycleService[]> {
  const services = LIFECYCLE_SERVICES.filter((name) => lifecycle.stores.hasDatabase(name));
  // Recovery of the first: the next call wakes it.
  const [, ...done] = await Promise.all([
    wakeForWaiting(lifecycle).catch(() => undefined),
    ...services.map((name) => startDueOf(lifecycle, name, span)),
  ]);
  return services.filter((_, at) => !done[at]);
}

/** Delivers the events of one service and starts its due work. Never rejects. Resolves with whether nothing failed. */
export async function startDueOf(lifecycle: Lifecycle, name: LifecycleService, span: Span): Promise<boolean> {
  try {
    const { manifest, tick } = await loadService(name);
    const isDelivered = await relayEvents(lifecycle, manifest);
    await tick?.(lifecycle, span);
    return isDelivered;
  } catch (error) {
    // Recovery: the next call starts it.
    lifecycle.logger.warn('Due work could not be started yet.', { service: name, reason: String(error) });
    return false;
  }
}
