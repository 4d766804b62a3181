import type { InstanceView, ModelConditionName } from '#core';

/** An instance as the HTTP contract shows it; null for what its first heartbeat has yet to tell. */
export interface InstanceBody {
  readonly id: string;
  readonly model: string;
  readonly state: InstanceView['state'];
  /** How far it is; null where the platform cannot tell more than the state. */
  readonly phase: NonNullable<InstanceView['phase']> | null;
  /** Why a ready instance makes no progress; null while it does. */
  readonly condition: ModelConditionName | null;
  readonly variant: string | null;
  readonly started_at: string | null;
  readonly last_heartbeat_at: string | null;
  readonly slots: number | null;
  readonly in_flight: number | null;
  /** Moving average of one run, in milliseconds; null until it has run one. */
  readonly service_ms: number | null;
  readonly image: string;
  /** Base URL of its health port, which only the network of the deployment may reach. */
  readonly endpoint: string | null;
}

/** One instance. */
export function presentInstance({ id, model, state, phase, variant, image, heartbeat }: InstanceView): InstanceBody {
  return {
    id,
    model,
    state,
    phase: phase ?? null,
    condition: heartbeat?.condition ?? null,
    variant: variant ?? null,
    started_at: timestamp(heartbeat?.startedAt),
    last_heartbeat_at: timestamp(heartbeat?.heartbeatAt),
    slots: heartbeat?.slots ?? null,
    in_flight: heartbeat?.inFlight ?? null,
    service_ms: heartbeat?.serviceMs === undefined ? null : Math.round(heartbeat.serviceMs * 1000) / 1000,
    image,
    endpoint: heartbeat?.endpoint ?? null,
  };
}

/** Where an instance is found. */
export const instancePath = (model: string, id: string): string =>
  `/models/${model}/instances/${encodeURIComponent(id)}`;

/** The largest moment that a date can hold: an absurd clock must not break the listing. */
const MAX_DATE_MS = 8.64e15;

const timestamp = (unixMs: number | undefined): string | null =>
  unixMs === undefined || Math.abs(unixMs) > MAX_DATE_MS ? null : new Date(unixMs).toISOString();
