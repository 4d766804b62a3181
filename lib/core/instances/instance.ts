import {
  type FieldFault,
  type FieldRule,
  type FieldRules,
  faultOf,
  finite,
  notNegative,
  optional,
  textLike,
  wholeFrom,
} from '../field-rules.ts';
import { isTally, type VersionTally } from '../lifecycle/rollout/tally.ts';
import { modelName } from '../models/model.ts';

/**
 * `starting`: the model is being set up. `ready`: receives tasks. `draining`: finishes its runs. `failing`: its last start
 * failed and its process has ended; the platform starts it again.
 */
export const INSTANCE_STATES = ['starting', 'ready', 'draining', 'failing'] as const;
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
  /** `UNKNOWN_CONTRACT` when its code could not be loaded. */
  readonly contractHash: string;
  /** Its failed starts. Undefined once it was ready. */
  readonly failure?: StartFailure;
  /** Concurrent runs. */
  readonly slots: number;
  /** Current runs. */
  readonly inFlight: number;
  /** Moving average of a run in milliseconds. Undefined before the first run. */
  readonly serviceMs?: number;
  /** Of its processes. Undefined in rows of earlier builds. */
  readonly memoryMib?: number;
  /** The deployed version of the weights. Undefined without versions. */
  readonly version?: string;
  /** Submit time of its oldest task. Undefined while it holds none. */
  readonly oldestTaskAt?: number;
  /** When it last had a task. Undefined before the model is set up, and in rows of earlier builds. */
  readonly busyAt?: number;
  /** What the versions of a roll-out have answered. Absent while nothing is rolled out. */
  readonly tallies?: readonly VersionTally[];
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

/** Why a model does not start. */
export interface StartFailure {
  /** Sentences for callers and operators of the model, without a stack. */
  readonly reason: string;
  /** Failed starts in a row. */
  readonly count: number;
  /** Time of the last one, Unix milliseconds. */
  readonly lastAt: number;
}

export const UNKNOWN_CONTRACT = 'unknown';

export const HEARTBEAT_INTERVAL_MS = 10_000;
/** Three missed heartbeats. */
export const HEARTBEAT_TTL_MS = 30_000;

/** Compares timestamps, because expired rows are deleted late or never. */
export const isAlive = (instance: Instance, now: number): boolean => instance.expiresAt > now;

export const isServing = (instance: Instance, now: number): boolean =>
  isAlive(instance, now) && instance.state === 'ready';

/** Alive, with a process: not between two failed starts. */
export const isLive = (instance: Instance, now: number): boolean =>
  isAlive(instance, now) && instance.state !== 'failing';

/** An instance as it registers; the registry adds the contract and the times. */
export type AnnouncedInstance = Omit<Instance, 'contractHash' | 'heartbeatAt' | 'expiresAt'>;

// Ids are part of paths and keys.
const instanceId = textLike(/^[A-Za-z0-9][\w.:-]*$/, 128, 'at most 128 letters, digits and ._:-');
/** Whether an instance may have this id. */
export const isInstanceId = (id: string): boolean => instanceId(id) === undefined;

const variantName = textLike(/^[A-Za-z0-9][\w.-]*$/, 64, 'at most 64 letters, digits and ._-');
const anyText = textLike(/^/, 2000, 'a text');
const hash = textLike(/^.+$/, 128, 'a hash');
const state: FieldRule = (value) =>
  INSTANCE_STATES.some((known) => known === value) ? undefined : `one of ${INSTANCE_STATES.join(', ')}`;

const condition: FieldRule = (value) =>
  MODEL_CONDITIONS.some((known) => known === value) ? undefined : `one of ${MODEL_CONDITIONS.join(', ')}`;

const FAILURE_RULES: FieldRules<StartFailure> = { reason: anyText, count: wholeFrom(1), lastAt: finite };

const failure: FieldRule = (value) =>
  faultOf(value, FAILURE_RULES, 'failure') === undefined ? undefined : 'a failure with a reason and a count';

const ANNOUNCED_RULES: FieldRules<AnnouncedInstance> = {
  id: instanceId,
  model: modelName,
  variant: optional(variantName),
  state,
  condition: optional(condition),
  failure: optional(failure),
  slots: wholeFrom(1),
  inFlight: wholeFrom(0),
  serviceMs: optional(notNegative),
  memoryMib: optional(notNegative),
  version: optional(anyText),
  oldestTaskAt: optional(finite),
  busyAt: optional(finite),
  tallies: optional((value) => (Array.isArray(value) && value.every(isTally) ? undefined : 'a list of tallies')),
  endpoint: anyText,
  image: anyText,
  runtimeVersion: anyText,
  startedAt: finite,
};

const INSTANCE_RULES: FieldRules<Instance> = {
  ...ANNOUNCED_RULES,
  contractHash: hash,
  heartbeatAt: finite,
  expiresAt: finite,
};

/** The first invalid field of an instance. Undefined for a valid one. */
export const announcementFault = (instance: unknown): FieldFault | undefined =>
  faultOf(instance, ANNOUNCED_RULES, 'instance');

/** For values read from a registry, which other programs may have written. */
export const isInstance = (value: unknown): value is Instance =>
  faultOf(value, INSTANCE_RULES, 'instance') === undefined;

interface Sighting {
  readonly heartbeatAt: number;
  /** Time of the last look, by the reader's clock. */
  readonly seenAt: number;
  /** When a heartbeat with an implausible time was noticed, by the reader's clock. */
  readonly skewedBeatAt?: number;
}

/** Tolerated clock difference. */
const TOLERANCE_MS = 5000;

/**
 * Computes `expiresAt` by the reader's clock. Plausible timestamps are used as they are. An instance with a wrong clock
 * counts as alive only after the reader has seen its heartbeat change, and then for the normal time.
 */
export function createLivenessJudge() {
  let sightings = new Map<string, Sighting>();

  return function judge(instances: readonly Instance[], now: number): readonly Instance[] {
    const latest = new Map<string, Sighting>();
    const judged = instances.map((instance) => {
      const key = `${instance.model}/${instance.id}`;
      const sighting = look(sightings.get(key), instance, now);
      latest.set(key, sighting);
      return { ...instance, expiresAt: expiryOf(instance, sighting, now) };
    });
    sightings = latest;
    return judged;
  };
}

function look(before: Sighting | undefined, { heartbeatAt }: Instance, now: number): Sighting {
  if (!before) return { heartbeatAt, seenAt: now };
  if (before.heartbeatAt === heartbeatAt) return { ...before, seenAt: now };
  // The heartbeat happened between two looks. Any other time means a wrong clock.
  const skewed = heartbeatAt < before.seenAt - TOLERANCE_MS || heartbeatAt > now + TOLERANCE_MS;
  return { heartbeatAt, seenAt: now, ...(skewed ? { skewedBeatAt: now } : {}) };
}

function expiryOf({ heartbeatAt, expiresAt }: Instance, { skewedBeatAt }: Sighting, now: number): number {
  if (skewedBeatAt !== undefined) return skewedBeatAt + HEARTBEAT_TTL_MS;
  return heartbeatAt > now + TOLERANCE_MS ? 0 : Math.min(expiresAt, now + HEARTBEAT_TTL_MS);
}
