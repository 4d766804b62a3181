import {
  contractVersionOf,
  type InstanceView,
  LIMIT_NAMES,
  type LimitName,
  type ModelConditionName,
  type ModelLimits,
  type ModelSummary,
  publicName,
  type StartFailure,
  type UnstartedModel,
} from '#core';

/** A model in the HTTP API. */
export interface ModelBody {
  /** With `@` and the contract version, except for version 1. */
  readonly name: string;
  readonly contract_version: number;
  /** The contract version that the bare name means; null except for version 1, which keeps it. */
  readonly default_version: number | null;
  readonly state: 'active' | 'asleep' | 'failing';
  readonly live_instances: number;
  /** Waiting tasks; null while the queue is unavailable. May be seconds old. */
  readonly backlog: number | null;
  /** Null for a model that has never started. */
  readonly request_message: string | null;
  readonly response_message: string | null;
  /** Null unless its start fails. */
  readonly failure: FailureBody | null;
  /** Tasks that were given up, at most `MAX_DEAD_LETTERS_COUNTED`. Only where an operator asks; null while unknown. */
  readonly dead_letters?: number | null;
}

/** A failing start in the HTTP API. */
interface FailureBody {
  readonly reason: string;
  readonly count: number;
  readonly last_at: string | null;
}

const presentFailure = (failure: StartFailure | undefined): FailureBody | null =>
  failure ? { reason: failure.reason, count: failure.count, last_at: timestamp(failure.lastAt) } : null;

export const presentModel = ({ model, contract, serving, failure, depth }: ModelSummary): ModelBody => ({
  name: publicName(model.name),
  contract_version: contractVersionOf(model.name).version,
  default_version: contractVersionOf(model.name).version === 1 ? (model.defaultVersion ?? 1) : null,
  state: serving.length > 0 ? 'active' : failure ? 'failing' : 'asleep',
  live_instances: serving.length,
  backlog: depth ? depth.visible + depth.delayed : null,
  request_message: contract.requestMessage,
  response_message: contract.responseMessage,
  failure: presentFailure(failure),
});

/** A model that has never started: neither its contract nor its queue are known. */
export const presentUnstarted = ({ model, failure }: UnstartedModel): ModelBody => ({
  name: publicName(model.name),
  contract_version: contractVersionOf(model.name).version,
  default_version: null,
  state: 'failing',
  live_instances: 0,
  backlog: null,
  request_message: null,
  response_message: null,
  failure: presentFailure(failure),
});

/** A limit's name in JSON, for example `max_attempts`. */
export const limitKey = (name: LimitName): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Null for limits that are not set. */
export const presentLimits = (limits: ModelLimits): Readonly<Record<string, number | boolean | null>> =>
  Object.fromEntries(LIMIT_NAMES.map((name) => [limitKey(name), limits[name] ?? null]));

/** An instance in the HTTP API. Null for values that only a heartbeat has. */
export interface InstanceBody {
  readonly id: string;
  readonly model: string;
  readonly state: InstanceView['state'];
  /** Null where the platform reports no more than the state. */
  readonly phase: NonNullable<InstanceView['phase']> | null;
  /** Why a ready instance makes no progress; null while it does. */
  readonly condition: ModelConditionName | null;
  /** Its failed starts; null once it was ready. */
  readonly failure: FailureBody | null;
  readonly variant: string | null;
  readonly started_at: string | null;
  readonly last_heartbeat_at: string | null;
  readonly slots: number | null;
  readonly in_flight: number | null;
  /** Moving average of a run in milliseconds; null before the first run. */
  readonly service_ms: number | null;
  /** Of its processes; null before the first heartbeat. */
  readonly memory_mib: number | null;
  /** The deployed version of its weights; null without one. */
  readonly version: string | null;
  readonly image: string;
  /** Base URL of the health port. It may be reachable only inside the deployment. */
  readonly endpoint: string | null;
}

export function presentInstance({ id, model, state, phase, variant, image, heartbeat }: InstanceView): InstanceBody {
  return {
    id,
    model: publicName(model),
    state,
    phase: phase ?? null,
    condition: heartbeat?.condition ?? null,
    failure: presentFailure(heartbeat?.failure),
    variant: variant ?? null,
    started_at: timestamp(heartbeat?.startedAt),
    last_heartbeat_at: timestamp(heartbeat?.heartbeatAt),
    slots: heartbeat?.slots ?? null,
    in_flight: heartbeat?.inFlight ?? null,
    service_ms: heartbeat?.serviceMs === undefined ? null : Math.round(heartbeat.serviceMs * 1000) / 1000,
    memory_mib: heartbeat?.memoryMib ?? null,
    version: heartbeat?.version ?? null,
    image,
    endpoint: heartbeat?.endpoint ?? null,
  };
}

export const instancePath = (model: string, id: string): string =>
  `/models/${publicName(model)}/instances/${encodeURIComponent(id)}`;

/** The maximum of a Date. A wrong clock must not break the listing. */
const MAX_DATE_MS = 8.64e15;

const timestamp = (unixMs: number | undefined): string | null =>
  unixMs === undefined || Math.abs(unixMs) > MAX_DATE_MS ? null : new Date(unixMs).toISOString();
