import type { ServiceDatabase } from '#adapters/sql/service-database.ts';
import type { EventType, JsonObject, LifecycleEvent, LifecycleService, Logger } from '#core';
import type { LifecycleStores, Platform } from '#platform/platform.ts';
import { OUTBOX_MIGRATIONS, type OutboxTables } from './outbox.ts';
import type { ServiceManifest, StageInputs, StageRun } from './service.ts';

/** Dependencies of services. */
export interface Lifecycle {
  readonly platform: Platform;
  readonly stores: LifecycleStores;
  readonly logger: Logger;
  /** Asks another service in this process. Rejects as its query does. */
  ask(service: LifecycleService, query: string, args: JsonObject): Promise<JsonObject>;
  /** Whether there is a stage of this name, `service.stage`. */
  hasStage(operation: string): Promise<boolean>;
  /** What a stage depends on besides its arguments. Undefined: nothing. */
  inputsOf(operation: string): Promise<StageInputs | undefined>;
  /** The newest events of each service since a time (Unix milliseconds), delivered or not. */
  eventsSince(types: readonly EventType[], since: number): Promise<readonly LifecycleEvent[]>;
  /** Runs a stage, named `service.stage`, as a part of the stage that calls it. Rejects as the stage does. */
  perform(operation: string, args: JsonObject, run: StageRun): Promise<JsonObject>;
}

/** The database of a service, with its outbox. Only the service itself may call this. */
export const databaseOf = <Tables>(
  { stores }: Pick<Lifecycle, 'stores'>,
  { name, migrations }: ServiceManifest,
): Promise<ServiceDatabase<Tables & OutboxTables>> => stores.database(name, { ...OUTBOX_MIGRATIONS, ...migrations });
