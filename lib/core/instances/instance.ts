/** `starting`: its model is still setting up. `ready`: it takes tasks. `draining`: it finishes what it holds. */
export const INSTANCE_STATES = ['starting', 'ready', 'draining'] as const;
export type InstanceState = (typeof INSTANCE_STATES)[number];

/** One running copy of a model, as its last heartbeat described it. Times are Unix milliseconds. */
export interface Instance {
  readonly id: string;
  readonly model: string;
  /** The variant it serves; absent for a model without variants. */
  readonly variant?: string;
  readonly state: InstanceState;
  readonly contractHash: string;
  /** Runs it can have in hand at once. */
  readonly slots: number;
  /** Runs it has in hand. */
  readonly inFlight: number;
  /** Moving average of one run, in milliseconds; absent until it has run one. */
  readonly serviceMs?: number;
  /** When the oldest task in its hands was submitted, Unix milliseconds; absent while it holds none. */
  readonly oldestTaskAt?: number;
  /** Base URL of its health port. */
  readonly endpoint: string;
  /** The container image or command it runs from. */
  readonly image: string;
  readonly runtimeVersion: string;
  readonly startedAt: number;
  readonly heartbeatAt: number;
  /** It counts as alive until then, whatever the registry still holds after it. */
  readonly expiresAt: number;
}

export const HEARTBEAT_INTERVAL_MS = 10_000;
/** Three missed heartbeats. */
export const HEARTBEAT_TTL_MS = 30_000;

/** Liveness is a timestamp, never the mere existence of a row: expired rows are deleted late, or not at all. */
export const isAlive = (instance: Instance, now: number): boolean => instance.expiresAt > now;

/** Alive and taking tasks. */
export const isServing = (instance: Instance, now: number): boolean =>
  isAlive(instance, now) && instance.state === 'ready';
