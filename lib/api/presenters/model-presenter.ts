import { LIMIT_NAMES, type LimitName, type ModelLimits, type ModelSummary } from '#core';

/** A model as the HTTP contract lists it. */
export interface ModelBody {
  readonly name: string;
  readonly state: 'active' | 'asleep';
  readonly live_instances: number;
  /** Tasks waiting; null while the queue cannot be asked. May be seconds behind. */
  readonly backlog: number | null;
  readonly request_message: string;
  readonly response_message: string;
}

/** A model as a list shows it. */
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

/** A model's limits; null where there is none. */
export const presentLimits = (limits: ModelLimits): Readonly<Record<string, number | boolean | null>> =>
  Object.fromEntries(LIMIT_NAMES.map((name) => [limitKey(name), limits[name] ?? null]));
