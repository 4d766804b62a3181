import type { ModelLimits, ModelSummary } from '#core';

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

/** Null for limits that are not set. */
export const presentLimits = (limits: ModelLimits) => ({
  max_attempts: limits.maxAttempts,
  timeout_seconds: limits.timeoutSeconds,
  max_instances: limits.maxInstances,
  max_backlog: limits.maxBacklog ?? null,
  accept_when_asleep: limits.acceptWhenAsleep,
  idle_seconds: limits.idleSeconds ?? null,
});
