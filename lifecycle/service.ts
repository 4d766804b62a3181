import type { Migrations } from '#adapters/sql/service-database.ts';
import type { HandlerDeps, HttpRequest, ProxyResult } from '#api';
import type { EventType, JsonObject, LifecycleEvent, LifecycleService } from '#core';
import type { Lifecycle } from './lifecycle.ts';

/** The description of a service, without its code. */
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
  /** The user who requested it. */
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

/**
 * What a stage depends on besides its code and arguments, such as the newest version of a dataset. A pipeline skips the
 * stage when all of it is known.
 */
export interface StageInputs {
  readonly read: Query;
  /** What `read` answers after the stage, if the stage changes it. @default the same as before */
  readonly left?: (output: JsonObject) => JsonObject;
}

/** Dependencies of a service while it answers a request. */
export interface ServingLifecycle extends Lifecycle {
  readonly deps: HandlerDeps;
}

/** A service of the lifecycle. */
export interface Service {
  readonly manifest: ServiceManifest;
  readonly stages: Readonly<Record<string, Stage>>;
  readonly queries?: Readonly<Record<string, Query>>;
  /** Of its stages, by name. @default none */
  readonly inputs?: Readonly<Record<string, StageInputs>>;
  /** Takes an event of another service when it is delivered. May get it twice, and gets none that is lost with a process. */
  readonly take?: (lifecycle: Lifecycle, event: LifecycleEvent) => Promise<void>;
  /** Starts due work. Called by long-running processes. Times are Unix milliseconds. */
  readonly tick?: (lifecycle: Lifecycle, span: { readonly since: number; readonly until: number }) => Promise<void>;
  /** Answers a request to one of its routes. */
  readonly handle: (lifecycle: ServingLifecycle, request: HttpRequest) => Promise<ProxyResult>;
}

/** The stages that each type of event starts. Their arguments are the event's payload and `event`, its id. */
export type Subscriptions = Readonly<
  Record<EventType, readonly { readonly service: LifecycleService; readonly stage: string }[]>
>;
