import type { Transaction } from 'kysely';
import type { JsonObject } from '#core';
import type { Lifecycle } from '../lifecycle.ts';
import { addEvent } from '../outbox.ts';
import { liveTallies } from './assess-rollout.ts';
import type { DeployOrder } from './deploy-order.ts';
import { endRunning, runningRollout } from './rollouts.ts';
import { servingDatabase } from './serving-database.ts';
import type { DeploymentRow, RolloutRow, ServingTables } from './tables.ts';

/** The alias of the deployed version. */
export const CHAMPION = 'champion';

/** The decisions on a model, newest first. */
export async function listDeployments(
  lifecycle: Pick<Lifecycle, 'stores'>,
  model: string,
  limit: number,
): Promise<readonly DeploymentRow[]> {
  const { query } = await servingDatabase(lifecycle);
  const rows = query.selectFrom('deployments').selectAll().where('model', '=', model);
  return rows.orderBy('number', 'desc').limit(limit).execute();
}

/** The deployed version of a model. Undefined before its first deployment. */
export async function currentDeployment(
  lifecycle: Pick<Lifecycle, 'stores'>,
  model: string,
): Promise<DeploymentRow | undefined> {
  const { query } = await servingDatabase(lifecycle);
  const rows = query.selectFrom('deployments').selectAll().where('model', '=', model).where('state', '=', 'deployed');
  return rows.orderBy('number', 'desc').limit(1).executeTakeFirst();
}

export type Decision = Omit<DeploymentRow, 'number' | 'created_at'>;

/** A version that runs beside another one from the decision on. */
interface NewRollout extends Pick<DeployOrder, 'share' | 'key' | 'rule' | 'guardSeconds'> {
  readonly strategy: RolloutRow['strategy'];
  readonly champion: string;
  readonly championArtifact: string;
}

/** The number of the next decision on a model. */
export async function numberAfter(transaction: Transaction<ServingTables>, model: string): Promise<number> {
  const rows = transaction.selectFrom('deployments').select('number').where('model', '=', model);
  return ((await rows.orderBy('number', 'desc').limit(1).executeTakeFirst())?.number ?? 0) + 1;
}

interface Recorded {
  /** The deployment that the decision was made on. */
  readonly current: DeploymentRow | undefined;
  readonly rollout?: NewRollout | undefined;
}

/**
 * Writes a decision, its roll-out and its event together, once per id. Resolves with the row, or with undefined if
 * something else was deployed since `current` was read. Then nothing is written.
 */
export async function recordDecision(
  lifecycle: Lifecycle,
  decision: Decision,
  { current, rollout }: Recorded,
): Promise<DeploymentRow | undefined> {
  const database = await servingDatabase(lifecycle);
  const at = lifecycle.platform.clock.now();
  const replaced = await runningRollout(lifecycle, decision.model);
  const tallies = replaced && JSON.stringify(await liveTallies(lifecycle, replaced));
  return database.transaction(async (transaction) => {
    const rows = transaction.selectFrom('deployments').selectAll().where('model', '=', decision.model);
    const known = await rows.where('id', '=', decision.id).executeTakeFirst();
    if (known) return known;
    const deployed = await rows.where('state', '=', 'deployed').orderBy('number', 'desc').limit(1).executeTakeFirst();
    if (deployed?.number !== current?.number) return undefined;
    const row: DeploymentRow = {
      ...decision,
      number: await numberAfter(transaction, decision.model),
      created_at: at,
    };
    await transaction.insertInto('deployments').values(row).execute();
    if (row.state === 'refused') return row;
    if (replaced) {
      const running = transaction.updateTable('rollouts').where('id', '=', replaced.id).where('state', '=', 'running');
      await running.set({ tallies }).execute();
    }
    await endRunning(transaction, row.model, { reason: `Replaced by the decision on version ${row.version}.`, at });
    if (rollout) await transaction.insertInto('rollouts').values(rolloutRow(row, rollout)).execute();
    const payload = { model: row.model, version: row.version, previous: row.previous, kind: row.kind };
    await addEvent(transaction, { type: 'deployment.changed', owner: row.owner, payload, at });
    return row;
  });
}

const rolloutRow = (row: DeploymentRow, { strategy, guardSeconds, ...rollout }: NewRollout): RolloutRow => ({
  ...{ id: row.id, model: row.model, number: row.number, strategy, version: row.version, artifact: row.artifact },
  ...{ champion: rollout.champion, champion_artifact: rollout.championArtifact, routing_key: rollout.key },
  ...{
    share: String(rollout.share),
    rule: JSON.stringify(rollout.rule),
    state: 'running',
    reasons: '[]',
    tallies: '{}',
  },
  ...{ owner: row.owner, started_at: row.created_at, ended_at: null },
  until: strategy === 'guard' ? row.created_at + guardSeconds * 1000 : 0,
});

export const presentDeployment = (row: DeploymentRow): JsonObject => ({
  ...{ model: row.model, number: row.number, kind: row.kind, state: row.state, version: row.version },
  previous: row.previous === '' ? null : row.previous,
  ...{ reasons: JSON.parse(row.reasons), comparison: JSON.parse(row.comparison) },
  ...{ owner: row.owner, created_at: new Date(row.created_at).toISOString() },
});
