import { type EventType, isTriggerEvent, type JsonObject, LIFECYCLE_SERVICES, type LifecycleEvent } from '#core';
import { databaseOf, type Lifecycle } from './lifecycle.ts';
import { toEvent } from './outbox.ts';
import type { ServiceManifest } from './service.ts';
import { loadService } from './services.ts';
import { startStage } from './stages.ts';
import { SUBSCRIPTIONS } from './subscriptions.ts';

const MAX_EVENTS = 100;

/**
 * Starts the stages that subscribe to the unsent events of a service. Never rejects: the next call delivers the rest.
 * Resolves with whether all were delivered.
 * An event may be delivered twice; its key prevents a second run of the stage.
 */
export async function relayEvents(lifecycle: Lifecycle, manifest: ServiceManifest): Promise<boolean> {
  const { platform, logger } = lifecycle;
  try {
    const { query } = await databaseOf(lifecycle, manifest);
    const events = await query
      .selectFrom('outbox')
      .selectAll()
      .where('sent_at', 'is', null)
      .orderBy('created_at')
      .limit(MAX_EVENTS)
      .execute();
    for (const row of events) {
      const { id, type, owner, payload } = row;
      const args = { ...(JSON.parse(payload) as JsonObject), event: id, event_type: type };
      await startTriggered(lifecycle, toEvent(row));
      for (const { service, stage } of SUBSCRIPTIONS[type as EventType] ?? []) {
        await startStage(lifecycle, { service, stage, args, owner, key: `${id}/${service}/${stage}` });
      }
      await query.updateTable('outbox').set({ sent_at: platform.clock.now() }).where('id', '=', id).execute();
    }
    return true;
  } catch (error) {
    logger.warn('Events could not be delivered yet.', { service: manifest.name, reason: String(error) });
    return false;
  }
}

/** Pipelines catch up with what fails here, so that it does not hold up the other subscribers. */
async function startTriggered(lifecycle: Lifecycle, event: LifecycleEvent): Promise<void> {
  if (!isTriggerEvent(event.type) || !lifecycle.stores.hasDatabase('pipelines')) return;
  try {
    await (await loadService('pipelines')).take?.(lifecycle, event);
  } catch (error) {
    lifecycle.logger.warn('Pipelines could not take an event yet.', { type: event.type, reason: String(error) });
  }
}

/** Delivers the unsent events of every service that has been used. */
export async function relayAll(lifecycle: Lifecycle): Promise<void> {
  for (const name of LIFECYCLE_SERVICES) {
    if (lifecycle.stores.hasDatabase(name)) await relayEvents(lifecycle, (await loadService(name)).manifest);
  }
}
