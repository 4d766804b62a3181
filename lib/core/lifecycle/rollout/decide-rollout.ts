import type { RolloutRule } from './rule.ts';
import { errorRateOf, latencyOf, slowerThan, type VersionTally } from './tally.ts';

export interface RolloutInput {
  readonly rule: RolloutRule;
  /** A shadow has a low priority, so its latency is not compared with that of the other version. @default false */
  readonly isShadow?: boolean;
  /** The version that is rolled out. */
  readonly candidate: VersionTally;
  /** The version that it replaces. */
  readonly champion: VersionTally;
  readonly elapsedSeconds: number;
  /** The reported reason for drift of inputs or predictions. Undefined: no drift is known. */
  readonly drift?: string | undefined;
  /** The reported reason for drift that the version before has, too: a rollback would not end it. Undefined: none is known. */
  readonly sharedDrift?: string | undefined;
  /** On the predictions whose outcome is known. Undefined: too few are. */
  readonly errors?: LiveErrors | undefined;
}

/** Errors of both versions in use: lower is better. */
export interface LiveErrors {
  /** For example `rmse`. */
  readonly metric: string;
  readonly candidate: number;
  readonly champion: number;
  /** Number of known outcomes of the version. */
  readonly outcomes: number;
}

export interface RolloutVerdict {
  readonly decision: 'wait' | 'promote' | 'roll-back';
  /** One sentence per condition, met or not. */
  readonly reasons: readonly string[];
}

/** Fewer tasks say too little about errors and latencies. */
const MIN_JUDGED = 20;
/** From so many tasks on, a version that fails all of them is rolled back. */
const MIN_ALL_FAILED = 5;
/** Latencies of a few milliseconds vary by more than a ratio tells. */
const LATENCY_FLOOR_MS = 10;
const PERCENTILE = 0.95;
/** So many standard deviations more slow tasks than a percentile allows are no chance: a pause of the machine makes a few. */
const DEVIATIONS = 4;

type Condition = readonly [isMet: boolean, reason: string];

/**
 * Rolls back as soon as one limit is exceeded, promotes when there are enough samples within all limits, and waits
 * otherwise.
 */
export function decideRollout(input: RolloutInput): RolloutVerdict {
  const { rule, candidate, elapsedSeconds, drift, sharedDrift, errors } = input;
  const latencies = latencyConditions(input);
  const limits: readonly Condition[] = [
    errorCondition(input),
    ...latencies.filter(({ isSure }) => isSure).map(({ condition }) => condition),
    ...(rule.onDrift && (drift !== undefined || sharedDrift === undefined)
      ? [[drift === undefined, drift ?? 'No drift from its training data is known.'] as const]
      : []),
  ];
  const exceeded = limits.filter(([isMet]) => !isMet);
  if (exceeded.length > 0) return { decision: 'roll-back', reasons: exceeded.map(([, reason]) => reason) };
  const samples: readonly Condition[] = [
    [
      candidate.tasks >= rule.minSamples,
      `It has ended ${candidate.tasks} tasks; at least ${rule.minSamples} are needed.`,
    ],
    [
      elapsedSeconds >= rule.minSeconds,
      `It has run for ${Math.floor(elapsedSeconds)} s; at least ${rule.minSeconds} s are needed.`,
    ],
    ...latencies.filter(({ isSure }) => !isSure).map(({ condition }) => condition),
    ...(rule.onDrift && sharedDrift !== undefined ? [[false, sharedDrift] as const] : []),
    // Errors of a share of the tasks vary too much to roll back by them.
    ...(errors ? [[errors.candidate <= errors.champion, errorsText(errors)] as const] : []),
  ];
  const reasons = [...samples, ...limits].map(([, reason]) => reason);
  return { decision: rule.promote && samples.every(([isMet]) => isMet) ? 'promote' : 'wait', reasons };
}

function errorCondition({ rule, candidate, champion }: RolloutInput): Condition {
  const [rate, limit] = [errorRateOf(candidate), errorRateOf(champion) + rule.maxErrorRate];
  const hasAllFailed = candidate.tasks >= MIN_ALL_FAILED && candidate.failed === candidate.tasks && limit < 1;
  const isExceeded = hasAllFailed || (candidate.tasks >= MIN_JUDGED && rate > limit);
  const share = `It failed ${candidate.failed} of ${candidate.tasks} tasks (${percent(rate)})`;
  return [!isExceeded, `${share}; the limit is ${percent(Math.min(1, limit))}.`];
}

interface LatencyCondition {
  readonly condition: Condition;
  /** False for a limit that too few tasks exceed: it delays a promotion. */
  readonly isSure: boolean;
}

function latencyConditions({ rule, isShadow = false, candidate, champion }: RolloutInput): readonly LatencyCondition[] {
  const own = latencyOf(candidate, PERCENTILE);
  const answers = candidate.tasks - candidate.failed;
  if (own === undefined || answers < MIN_JUDGED) return [];
  const isComparable = !isShadow && champion.tasks - champion.failed >= MIN_JUDGED;
  const other = isComparable ? latencyOf(champion, PERCENTILE) : undefined;
  const limits = [
    ...(other === undefined ? [] : [Math.max(other, LATENCY_FLOOR_MS) * rule.maxLatencyRatio]),
    ...(rule.maxLatencyMs === undefined ? [] : [rule.maxLatencyMs]),
  ];
  const allowed = answers * (1 - PERCENTILE);
  return limits.map((limit) => {
    const slow = slowerThan(candidate, limit);
    const reason =
      `Its latency (p95) is ${shown(own)} ms; the limit is ${shown(limit)} ms, ` +
      `which ${slow} of ${answers} tasks exceed.`;
    const isSure = own <= limit || slow > allowed + DEVIATIONS * Math.sqrt(allowed * PERCENTILE);
    return { condition: [own <= limit, reason], isSure };
  });
}

const errorsText = ({ metric, candidate, champion, outcomes }: LiveErrors): string =>
  `Its ${metric} of ${shown(candidate)} on ${outcomes} outcomes must not be above ${shown(champion)} of the deployed version.`;

const shown = (value: number): string => String(Number(value.toPrecision(3)));
const percent = (share: number): string => `${shown(share * 100)} %`;
