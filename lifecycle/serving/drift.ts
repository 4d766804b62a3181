import type { DriftDetected } from '#core';
import type { Stage } from '../service.ts';
import { driftedBefore, liveTallies } from './assess-rollout.ts';
import { concludeRollout } from './judge-rollouts.ts';
import { ruleOf, runningRollout } from './rollouts.ts';

/**
 * Rolls back a version whose inputs or predictions have drifted since it was rolled out, unless its rule says otherwise.
 * Drift of the other version is no reason: the new one may be the answer to it. Nor is drift that the version before has in
 * the same feature: a rollback would not end it.
 */
export const noteDrift: Stage = async (lifecycle, args, { signal }) => {
  const { model, version, window, feature, statistic, value } = args as unknown as DriftDetected;
  const rollout = await runningRollout(lifecycle, model);
  if (rollout?.version !== version || !ruleOf(rollout).onDrift) return { rolled_back: false };
  if (Date.parse(window.end) <= rollout.started_at) return { rolled_back: false };
  if ((await driftedBefore(lifecycle, rollout)).includes(feature)) return { rolled_back: false };
  const shown = Number(value.toPrecision(4));
  const reasons = [`${feature} has drifted between ${window.start} and ${window.end} (${statistic} ${shown}).`];
  const tallies = await liveTallies(lifecycle, rollout);
  const ended = await concludeRollout(lifecycle, rollout, { outcome: 'roll-back', reasons, tallies, signal });
  return { rolled_back: ended.state === 'rolled_back' };
};
