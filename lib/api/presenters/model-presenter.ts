import { LIMIT_NAMES, type LimitName, type ModelLimits, type ModelSummary } from '#core';

/** A model in the HTTP API. */
export interface ModelBody {
  readonly name: string;
  readonly state: 'active' | 'asleep';
  readonly live_instances: number;
  /** Waiting tasks; null while the queue is unavailable. May be seconds old. */
  readonly backlog: number | null;
  readonly request_message: string;
  readonly response_message: string;
}

export const presentModel = ({ model, contract, serving, depth }: ModelSummary): ModelBody => ({
  name: model.name,
  state: serving.length > 0 ? 'active' : 'asleep',
  live_instances: serving.length,
  backlog: depth ? depth.visible + depth.delayed : null,
  request_message: contract.requestMessage,
  response_message: contract.responseMessage,
});

/** A limit's name in JSON, for example `max_attempts`. */
export const limitKey = (name: LimitName): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Null for limits that are not set. */
export const presentLimits = (limits: ModelLimits): Readonly<Record<string, number | boolean | null>> =>
  Object.fromEntries(LIMIT_NAMES.map((name) => [limitKey(name), limits[name] ?? null]));
