import { type FieldRule, flag, isRecord } from '../../field-rules.ts';

/** When a roll-out is promoted and when it is rolled back. Shares are from 0 to 1. */
export interface RolloutRule {
  /** Tasks that the version must have ended before it is promoted. */
  readonly minSamples: number;
  /** Time that a promotion takes at least. */
  readonly minSeconds: number;
  /** Highest failed share above that of the other version. */
  readonly maxErrorRate: number;
  /** Highest ratio of the 95th percentile of its latency to that of the other version. */
  readonly maxLatencyRatio: number;
  /** Highest 95th percentile of its latency. Undefined: no limit. */
  readonly maxLatencyMs?: number;
  /** Whether drift of the model's inputs or predictions rolls back. */
  readonly onDrift: boolean;
  /** Whether the version is promoted when it has fulfilled the rule. */
  readonly promote: boolean;
}

export const DEFAULT_RULE: RolloutRule = {
  minSamples: 200,
  minSeconds: 60,
  maxErrorRate: 0.05,
  maxLatencyRatio: 3,
  onDrift: true,
  promote: true,
};

const numberFrom =
  (min: number, max: number, isWhole = false): FieldRule =>
  (value) => {
    const isFine = isWhole ? Number.isSafeInteger(value) : Number.isFinite(value);
    if (isFine && Number(value) >= min && Number(value) <= max) return undefined;
    return `a ${isWhole ? 'whole ' : ''}number from ${min} to ${max}`;
  };

/** The fields of a rule in a request, with their names in `RolloutRule`. */
const FIELDS: Readonly<Record<string, readonly [keyof RolloutRule, FieldRule]>> = {
  min_samples: ['minSamples', numberFrom(1, 1e9, true)],
  min_seconds: ['minSeconds', numberFrom(0, 30 * 86_400)],
  max_error_rate: ['maxErrorRate', numberFrom(0, 1)],
  max_latency_ratio: ['maxLatencyRatio', numberFrom(1, 1e6)],
  max_latency_ms: ['maxLatencyMs', numberFrom(0.001, 1e9)],
  on_drift: ['onDrift', flag],
  promote: ['promote', flag],
};

/** A rule of a request, or what is wrong with one of its fields. */
export function readRule(
  value: unknown,
  defaults: RolloutRule = DEFAULT_RULE,
): RolloutRule | { readonly field: string; readonly must: string } {
  if (value === undefined) return defaults;
  if (!isRecord(value)) return { field: '', must: 'an object' };
  const rule: Record<string, unknown> = { ...defaults };
  for (const [field, given] of Object.entries(value)) {
    const known = Object.hasOwn(FIELDS, field) ? FIELDS[field] : undefined;
    if (!known) return { field, must: `one of ${Object.keys(FIELDS).join(', ')}` };
    const must = known[1](given);
    if (must !== undefined) return { field, must };
    rule[known[0]] = given;
  }
  return rule as unknown as RolloutRule;
}

/** The rule as the API shows it. */
export const presentRule = (rule: RolloutRule): Readonly<Record<string, number | boolean | undefined>> =>
  Object.fromEntries(Object.entries(FIELDS).map(([field, [name]]) => [field, rule[name]]));
