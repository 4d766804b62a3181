import type { Transaction } from 'kysely';
import {
  type Deployment,
  emptyTally,
  type JsonObject,
  latencyOf,
  presentRule,
  type RolloutRule,
  type RoutingKey,
  type VersionTally,
} from '#core';
import type { Lifecycle } from '../lifecycle.ts';
import { servingDatabase } from './serving-database.ts';
import type { DeploymentRow, RolloutRow, ServingTables } from './tables.ts';

/** Both versions of a roll-out, summed over the instances. */
export interface RolloutTallies {
  readonly candidate: VersionTally;
  readonly champion: VersionTally;
}

export const ruleOf = ({ rule }: Pick<RolloutRow, 'rule'>): RolloutRule => JSON.parse(rule) as RolloutRule;

/** The roll-out that runs. Undefined without one. */
export async function runningRollout(
  lifecycle: Pick<Lifecycle, 'stores'>,
  model: string,
): Promise<RolloutRow | undefined> {
  const { query } = await servingDatabase(lifecycle);
  const rows = query.selectFrom('rollouts').selectAll().where('model', '=', model).where('state', '=', 'running');
  return rows.orderBy('number', 'desc').limit(1).executeTakeFirst();
}

/** The roll-outs of a model, newest first. */
export async function listRollouts(
  lifecycle: Pick<Lifecycle, 'stores'>,
  model: string,
  limit: number,
): Promise<readonly RolloutRow[]> {
  const { query } = await servingDatabase(lifecycle);
  const rows = query.selectFrom('rollouts').selectAll().where('model', '=', model);
  return rows.orderBy('number', 'desc').limit(limit).execute();
}

/** Ends the running roll-out, in the transaction of the decision that replaces it. */
export async function endRunning(
  transaction: Transaction<ServingTables>,
  model: string,
  { reason, at }: { readonly reason: string; readonly at: number },
): Promise<void> {
  await transaction
    .updateTable('rollouts')
    .set({ state: 'ended', reasons: JSON.stringify([reason]), ended_at: at })
    .where('model', '=', model)
    .where('state', '=', 'running')
    .execute();
}

/** What instances serve: the newest deployment, and what is rolled out beside it. */
export function deploymentOf({ version, artifact }: DeploymentRow, rollout: RolloutRow | undefined): Deployment {
  if (!rollout) return { version, artifact };
  const rule = ruleOf(rollout);
  const startedAt = rollout.started_at;
  if (rollout.strategy === 'guard') {
    const [before, beforeArtifact] = [rollout.champion, rollout.champion_artifact];
    return {
      ...{ version, artifact },
      guard: { version: before, artifact: beforeArtifact, rule, startedAt, until: rollout.until },
    };
  }
  const { strategy, routing_key: key, share } = rollout;
  return {
    ...{ version, artifact },
    candidate: {
      ...{ version: rollout.version, artifact: rollout.artifact, strategy, rule, startedAt },
      ...{ share: Number(share), key: key as RoutingKey },
    },
  };
}

/** `live`: current tallies of a running one. */
export const presentRollout = (
  row: RolloutRow,
  live?: { readonly reasons: readonly string[]; readonly tallies: RolloutTallies },
): JsonObject => {
  const known = JSON.parse(row.tallies) as Partial<RolloutTallies>;
  const { candidate = emptyTally(row.version), champion = emptyTally(row.champion) } = live?.tallies ?? known;
  return {
    ...{ model: row.model, number: row.number, strategy: row.strategy, state: row.state, version: row.version },
    ...{ champion: row.champion, share: Number(row.share), key: row.routing_key, rule: presentRule(ruleOf(row)) },
    reasons: live?.reasons ?? JSON.parse(row.reasons),
    tallies: [presentTally(candidate), presentTally(champion)],
    ...{ owner: row.owner, started_at: timeOf(row.started_at) },
    ended_at: row.ended_at === null ? null : timeOf(row.ended_at),
  };
};

function presentTally(tally: VersionTally): JsonObject {
  const { version, tasks, failed, dropped = 0 } = tally;
  const latency = (share: number) => {
    const ms = latencyOf(tally, share);
    return ms === undefined ? null : Number(ms.toPrecision(3));
  };
  return { ...{ version, tasks, failed, dropped }, p50_ms: latency(0.5), p95_ms: latency(0.95) };
}

const timeOf = (at: number): string => new Date(at).toISOString();
