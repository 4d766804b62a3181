import {
  decideRollout,
  isAlive,
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
  const windows = await windowsSince(lifecycle, rollout);
  const verdict = decideRollout({
    ...{ rule: ruleOf(rollout), isShadow: rollout.strategy === 'shadow', ...tallies, elapsedSeconds },
    ...{ drift: driftOf(windows, rollout), errors: errorsOf(windows, rollout) },
  });
  return { ...verdict, tallies };
}

/** The windows of monitoring since the start. Empty where nothing is monitored. */
async function windowsSince(lifecycle: Lifecycle, rollout: RolloutRow): Promise<readonly MonitorWindow[]> {
  if (!lifecycle.stores.hasDatabase('monitoring')) return [];
  const args = { model: rollout.model, since: rollout.started_at };
  try {
    const report = (await lifecycle.ask('monitoring', 'monitor', args)) as unknown as MonitorReport;
    return report.windows.filter(({ end }) => Date.parse(end) > rollout.started_at);
  } catch (error) {
    // Recovery: errors and latencies of instances are known without it.
    lifecycle.logger.warn('A roll-out is judged without its monitoring.', { reason: String(error) });
    return [];
  }
}

function driftOf(windows: readonly MonitorWindow[], { version }: RolloutRow): string | undefined {
  const drifted = windows.find((window) => window.version === version && window.drifted);
  const names = drifted?.drift.filter((finding) => finding.drifted).map(({ feature }) => feature);
  return drifted && `${names?.join(', ')} drifted from its training data between ${drifted.start} and ${drifted.end}.`;
}

function errorsOf(windows: readonly MonitorWindow[], { version, champion }: RolloutRow): LiveErrors | undefined {
  const [own, other] = [rmseOf(windows, version), rmseOf(windows, champion)];
  if (own.outcomes < MIN_OUTCOMES || other.outcomes < MIN_OUTCOMES) return undefined;
  return { metric: 'rmse', candidate: own.rmse, champion: other.rmse, outcomes: own.outcomes };
}

function rmseOf(windows: readonly MonitorWindow[], version: string): { outcomes: number; rmse: number } {
  let [outcomes, squares] = [0, 0];
  for (const { version: own, performance } of windows) {
    if (own !== version || performance?.rmse === undefined) continue;
    outcomes += performance.outcomes;
    squares += performance.outcomes * performance.rmse ** 2;
  }
  return { outcomes, rmse: Math.sqrt(squares / outcomes) };
}
