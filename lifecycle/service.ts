import type { Migrations } from '#adapters/sql/service-database.ts';
import type { HandlerDeps, HttpRequest, ProxyResult } from '#api';
import type { EventType, JsonObject, LifecycleService } from '#core';
import type { Lifecycle } from './lifecycle.ts';

/** What a service is, without its code. */
export interface ServiceManifest {
  readonly name: LifecycleService;
  /** At which the database of the service is published in compose. */
  readonly databasePort: number;
  /** Of its database. The outbox has migrations of its own. */
  readonly migrations: Migrations;
}

/** One run of a stage. */
export interface StageRun {
  readonly taskId: string;
  /** 1 on the first run of the task. */
  readonly attempt: number;
  /** Who asked for it. */
  readonly owner: string;
  /** Aborts when the result is not needed any more. */
  readonly signal: AbortSignal;
}

/**
 * The work of one task. May run again after a crash, with the same arguments and the same task id, and then has the same
 * result.
 */
export type Stage = (lifecycle: Lifecycle, args: JsonObject, run: StageRun) => Promise<JsonObject>;

/** Answers another service in the same process. Services do not read each other's databases. */
export type Query = (lifecycle: Lifecycle, args: JsonObject) => Promise<JsonObject>;

/** What a service works with while it answers a request. */
export interface ServingLifecycle extends Lifecycle {
  readonly deps: HandlerDeps;
}

/** A service of the lifecycle. */
export interface Service {
  readonly manifest: ServiceManifest;
  readonly stages: Readonly<Record<string, Stage>>;
  readonly queries?: Readonly<Record<string, Query>>;
  /** Starts what has come due. Called by processes that stay. Times are Unix milliseconds. */
  readonly tick?: (lifecycle: Lifecycle, span: { readonly since: number; readonly until: number }) => Promise<void>;
  /** Answers a request to one of its routes. */
  readonly handle: (lifecycle: ServingLifecycle, request: HttpRequest) => Promise<ProxyResult>;
}

/** The stages that each type of event starts. Their arguments are the event's payload and `event`, its id. */
export type Subscriptions = Readonly<
  Record<EventType, readonly { readonly service: LifecycleService; readonly stage: string }[]>
>;
