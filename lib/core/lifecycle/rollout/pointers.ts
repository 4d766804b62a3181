import { isRecord } from '../../field-rules.ts';
import { ROUTING_KEYS, type RoutingKey } from './route.ts';
import type { RolloutRule } from './rule.ts';

/** A version as instances see it. */
export interface VersionPointer {
  readonly version: string;
  /** The hash of the list of its files. */
  readonly artifact: string;
}

/** A version that runs beside the deployed one. */
export interface Candidate extends VersionPointer {
  /** `canary`: answers a share of the tasks. `shadow`: runs a share of them too, and never answers. */
  readonly strategy: 'canary' | 'shadow';
  /** Above 0, at most 1. */
  readonly share: number;
  readonly key: RoutingKey;
  readonly rule: RolloutRule;
  /** Unix milliseconds. */
  readonly startedAt: number;
}

/** The version before the deployed one, which takes over when the deployed one exceeds the limits of the rule. */
export interface Guard extends VersionPointer {
  readonly rule: RolloutRule;
  readonly startedAt: number;
  /** Unix milliseconds. */
  readonly until: number;
}

/** A version that an instance has taken out of service. */
export interface Rejection {
  readonly version: string;
  readonly reasons: readonly string[];
  /** Unix milliseconds. */
  readonly at: number;
  /** `startedAt` of its roll-out. */
  readonly startedAt?: number;
}

/** The versions that instances of a versioned model serve. */
export interface Deployment extends VersionPointer {
  readonly candidate?: Candidate;
  readonly guard?: Guard;
  readonly rejected?: Rejection;
}

const isPointer = (value: unknown): value is VersionPointer =>
  isRecord(value) && typeof value.version === 'string' && typeof value.artifact === 'string';

function isCandidate(value: unknown): boolean {
  if (!isPointer(value)) return false;
  const { strategy, share, key, rule, startedAt } = value as Partial<Candidate>;
  const isShare = typeof share === 'number' && share > 0 && share <= 1;
  const isStrategy = strategy === 'canary' || strategy === 'shadow';
  return isStrategy && isShare && ROUTING_KEYS.some((known) => known === key) && isRecord(rule) && isTime(startedAt);
}

const isTime = (value: unknown): boolean => Number.isFinite(value);

/** For values read from a registry. */
export function isDeployment(value: unknown): value is Deployment {
  if (!isPointer(value)) return false;
  const { candidate, guard, rejected } = value as unknown as Readonly<Record<string, unknown>>;
  const isGuard =
    guard === undefined || (isPointer(guard) && isRecord((guard as Guard).rule) && isTime((guard as Guard).until));
  const isRejection = rejected === undefined || (isRecord(rejected) && typeof rejected.version === 'string');
  return (candidate === undefined || isCandidate(candidate)) && isGuard && isRejection;
}

/**
 * The deployment after a version was rejected: without the candidate, or with the version before the deployed one.
 * Undefined when the version is not rolled out any more; with `ofSameRollout`, also when it is rolled out again.
 */
export function withoutRejected(
  { candidate, guard, version, artifact }: Deployment,
  rejection: Rejection,
  { ofSameRollout = false } = {},
): Deployment | undefined {
  const [rollout, rest] =
    candidate?.version === rejection.version
      ? [candidate, { version, artifact }]
      : [version === rejection.version ? guard : undefined, guard];
  if (!rollout || !rest || (ofSameRollout && rollout.startedAt !== rejection.startedAt)) return undefined;
  const rejected = { ...rejection, startedAt: rollout.startedAt };
  return { version: rest.version, artifact: rest.artifact, rejected };
}
