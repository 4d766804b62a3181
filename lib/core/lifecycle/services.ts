/** The services of the lifecycle, in the order of the data. Each has a database of its own. */
export const LIFECYCLE_SERVICES = [
  'ingestion',
  'preprocessing',
  'features',
  'training',
  'serving',
  'pipelines',
  'monitoring',
  'alerts',
] as const;

export type LifecycleService = (typeof LIFECYCLE_SERVICES)[number];

/** The model name under which workers receive stages. The API accepts no predictions by it. */
export const STAGE_MODEL = 'lifecycle';

/** A value that JSON keeps unchanged. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue | undefined };
export type JsonObject = Readonly<Record<string, JsonValue | undefined>>;

/** A domain event of a service, for other services. */
export const EVENT_TYPES = [
  'dataset.versioned',
  'dataset.cleaned',
  'features.materialized',
  'version.trained',
  'deployment.changed',
  'drift.detected',
  'window.computed',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

/** Delivered at least once to every subscriber, in any order. */
export interface LifecycleEvent {
  /** Unique. Subscribers use it to ignore repetitions. */
  readonly id: string;
  readonly type: EventType;
  /** The user who caused it. */
  readonly owner: string;
  readonly payload: JsonObject;
  /** Unix milliseconds. */
  readonly createdAt: number;
}
