import {
  decideRollout,
  isAlive,
  type JsonObject,
  type LiveErrors,
  type MonitorReport,
  type MonitorWindow,
  type RolloutVerdict,
  sumTallies,
} from '#core';
import type { Lifecycle } from '../lifecycle.ts';
import { type RolloutTallies, ruleOf } from './rollouts.ts';
import type { RolloutRow } from './tables.ts';

export interface Assessment extends RolloutVerdict {
  readonly tallies: RolloutTallies;
}

/** Fewer outcomes say too little about an error. */
const MIN_OUTCOMES = 20;

/** The tallies of both versions, summed over all live instances. Heartbeats may still have those of a roll-out before. */
export async function liveTallies({ platform }: Lifecycle, rollout: RolloutRow): Promise<RolloutTallies> {
  const { instances } = await platform.registry.snapshot();
  const now = platform.clock.now();
  const live = instances.filter((instance) => instance.model === rollout.model && isAlive(instance, now));
  const tallies = live
    .flatMap((instance) => instance.tallies ?? [])
    .filter(({ startedAt = rollout.started_at }) => startedAt === rollout.started_at);
  return {
    candidate: sumTallies(rollout.version, tallies),
    champion: sumTallies(rollout.champion, tallies),
  };
}

/** The current decision of the rule on a roll-out. */
export async function assessRollout(lifecycle: Lifecycle, rollout: RolloutRow): Promise<Assessment> {
  const tallies = await liveTallies(lifecycle, rollout);
  const elapsedSeconds = (lifecycle.platform.clock.now() - rollout.started_at) / 1000;
  const { windows, before } = await monitored(lifecycle, rollout);
  const verdict = decideRollout({
    ...{ rule: ruleOf(rollout), isShadow: rollout.strategy === 'shadow', ...tallies, elapsedSeconds },
    ...{ ...driftOf(windows, rollout, before), errors: errorsOf(windows, rollout) },
  });
  return { ...verdict, tallies };
}

interface Monitored {
  /** Since the start, the newest first. Empty where nothing is monitored. */
  readonly windows: readonly MonitorWindow[];
  /** What the version before drifts in. */
  readonly before: readonly string[];
}

async function monitored(lifecycle: Lifecycle, rollout: RolloutRow): Promise<Monitored> {
  try {
    const windows = await windowsOf(lifecycle, { model: rollout.model, since: rollout.started_at });
    const since = windows.filter(({ end }) => Date.parse(end) > rollout.started_at);
    const hasDrifted = since.some(({ version, drifted }) => drifted && version === rollout.version);
    return { windows: since, before: hasDrifted ? await driftedBefore(lifecycle, rollout) : [] };
  } catch (error) {
    // Recovery: errors and latencies of instances are known without it.
    lifecycle.logger.warn('A roll-out is judged without its monitoring.', { reason: String(error) });
    return { windows: [], before: [] };
  }
}

async function windowsOf(lifecycle: Lifecycle, args: JsonObject): Promise<readonly MonitorWindow[]> {
  if (!lifecycle.stores.hasDatabase('monitoring')) return [];
  return ((await lifecycle.ask('monitoring', 'monitor', args)) as unknown as MonitorReport).windows;
}

/**
 * The features that have drifted from the training data of the version before, by its newest window that was tested. Their
 * drift is no reason to return to it.
 */
export async function driftedBefore(lifecycle: Lifecycle, { model, champion }: RolloutRow): Promise<readonly string[]> {
  const windows = await windowsOf(lifecycle, { model, version: champion });
  const tested = windows.find(({ version, drift }) => version === champion && drift.length > 0);
  return tested ? driftedIn(tested) : [];
}

const driftedIn = ({ drift }: MonitorWindow): readonly string[] =>
  drift.filter(({ drifted }) => drifted).map(({ feature }) => feature);

function driftOf(windows: readonly MonitorWindow[], { version, champion }: RolloutRow, before: readonly string[]) {
  const own = windows.filter((window) => window.version === version);
  const worse = own.find((window) => driftedIn(window).some((feature) => !before.includes(feature)));
  const newest = own.find(({ drift }) => drift.length > 0);
  const shared = newest?.drifted ? `${driftText(newest)}, as from that of version ${champion}.` : undefined;
  return { drift: worse && `${driftText(worse)}.`, sharedDrift: shared };
}

const driftText = (window: MonitorWindow): string =>
  `${driftedIn(window).join(', ')} drifted from its training data between ${window.start} and ${window.end}`;

function errorsOf(windows: readonly MonitorWindow[], { version, champion }: RolloutRow): LiveErrors | undefined {
  const [own, other] = [liveError(windows, version), liveError(windows, champion)];
  if (own.metric !== other.metric || Math.min(own.outcomes, other.outcomes) < MIN_OUTCOMES) return undefined;
  return { metric: own.metric, candidate: own.error, champion: other.error, outcomes: own.outcomes };
}

/** Of all windows of a version together. */
function liveError(windows: readonly MonitorWindow[], version: string) {
  const known = windows.flatMap(({ version: own, performance }) =>
    own === version && performance ? [performance] : [],
  );
  const isNumber = known.some(({ rmse }) => rmse !== undefined);
  let [outcomes, sum] = [0, 0];
  for (const { outcomes: count, rmse, accuracy } of known) {
    const value = isNumber ? rmse : accuracy;
    if (value === undefined) continue;
    outcomes += count;
    sum += count * (isNumber ? value ** 2 : 1 - value);
  }
  const mean = sum / outcomes;
  return isNumber
    ? { metric: 'rmse', outcomes, error: Math.sqrt(mean) }
    : { metric: 'share of wrong classes', outcomes, error: mean };
}
