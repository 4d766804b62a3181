import { type EventType, type JsonObject, LIFECYCLE_SERVICES } from '#core';
import { databaseOf, type Lifecycle } from './lifecycle.ts';
import type { ServiceManifest } from './service.ts';
import { loadService } from './services.ts';
import { startStage } from './stages.ts';
import { SUBSCRIPTIONS } from './subscriptions.ts';

const MAX_EVENTS = 100;

/**
 * Starts the stages that subscribe to the unsent events of a service. Never rejects: the next call delivers the rest.
 * An event may be delivered twice; its key prevents a second run of the stage.
 */
export async function relayEvents(lifecycle: Lifecycle, manifest: ServiceManifest): Promise<void> {
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
    for (const { id, type, owner, payload } of events) {
      const args = { ...(JSON.parse(payload) as JsonObject), event: id, event_type: type };
      for (const { service, stage } of SUBSCRIPTIONS[type as EventType] ?? []) {
        await startStage(lifecycle, { service, stage, args, owner, key: `${id}/${service}/${stage}` });
      }
      await query.updateTable('outbox').set({ sent_at: platform.clock.now() }).where('id', '=', id).execute();
    }
  } catch (error) {
    logger.warn('Events could not be delivered yet.', { service: manifest.name, reason: String(error) });
  }
}

/** Delivers the unsent events of every service that has been used. */
export async function relayAll(lifecycle: Lifecycle): Promise<void> {
  for (const name of LIFECYCLE_SERVICES) {
    if (!lifecycle.stores.hasDatabase(name)) continue;
    await relayEvents(lifecycle, (await loadService(name)).manifest);
  }
}
