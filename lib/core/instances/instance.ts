/** `starting`: the model is being set up. `ready`: receives tasks. `draining`: finishes its runs. */
export const INSTANCE_STATES = ['starting', 'ready', 'draining'] as const;
export type InstanceState = (typeof INSTANCE_STATES)[number];

/** `model_blocked`: its thread does not answer. `model_restarting`: its process ended and starts again. */
export const MODEL_CONDITIONS = ['model_blocked', 'model_restarting'] as const;
export type ModelConditionName = (typeof MODEL_CONDITIONS)[number];

/** An instance as of its last heartbeat. Times are Unix milliseconds. */
export interface Instance {
  readonly id: string;
  readonly model: string;
  /** Undefined for a model without variants. */
  readonly variant?: string;
  readonly state: InstanceState;
  /** Why a ready instance makes no progress. Undefined while it does. */
  readonly condition?: ModelConditionName;
  readonly contractHash: string;
  /** Concurrent runs. */
  readonly slots: number;
  /** Current runs. */
  readonly inFlight: number;
  /** Moving average of a run in milliseconds. Undefined before the first run. */
  readonly serviceMs?: number;
  /** Submit time of its oldest task. Undefined while it holds none. */
  readonly oldestTaskAt?: number;
  /** Base URL of its health port. */
  readonly endpoint: string;
  /** The container image or command. */
  readonly image: string;
  readonly runtimeVersion: string;
  readonly startedAt: number;
  readonly heartbeatAt: number;
  /** Alive until this time, whether or not the row still exists. */
  readonly expiresAt: number;
}

export const HEARTBEAT_INTERVAL_MS = 10_000;
/** Three missed heartbeats. */
export const HEARTBEAT_TTL_MS = 30_000;

/** Compares timestamps, because expired rows are deleted late or never. */
export const isAlive = (instance: Instance, now: number): boolean => instance.expiresAt > now;

export const isServing = (instance: Instance, now: number): boolean =>
  isAlive(instance, now) && instance.state === 'ready';
