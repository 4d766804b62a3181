import type { JsonObject } from '#core';
import { databaseOf, type Lifecycle } from '../lifecycle.ts';
import { addEvent } from '../outbox.ts';
import { manifest } from './manifest.ts';
import type { DeploymentRow, ServingTables } from './tables.ts';

/** The alias of the deployed version. */
export const CHAMPION = 'champion';

export const servingDatabase = (lifecycle: Pick<Lifecycle, 'stores'>) => databaseOf<ServingTables>(lifecycle, manifest);

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

/** What a model serves. Undefined before its first deployment. */
export async function currentDeployment(
  lifecycle: Pick<Lifecycle, 'stores'>,
  model: string,
): Promise<DeploymentRow | undefined> {
  const { query } = await servingDatabase(lifecycle);
  const rows = query.selectFrom('deployments').selectAll().where('model', '=', model).where('state', '=', 'deployed');
  return rows.orderBy('number', 'desc').limit(1).executeTakeFirst();
}

export type Decision = Omit<DeploymentRow, 'number' | 'created_at'>;

/** Writes a decision and its event together, once per id. Resolves with the row. */
export async function recordDecision(lifecycle: Lifecycle, decision: Decision): Promise<DeploymentRow> {
  const database = await servingDatabase(lifecycle);
  const at = lifecycle.platform.clock.now();
  return database.transaction(async (transaction) => {
    const rows = transaction.selectFrom('deployments').selectAll().where('model', '=', decision.model);
    const known = await rows.where('id', '=', decision.id).executeTakeFirst();
    if (known) return known;
    const last = await rows.orderBy('number', 'desc').limit(1).executeTakeFirst();
    const row: DeploymentRow = { ...decision, number: (last?.number ?? 0) + 1, created_at: at };
    await transaction.insertInto('deployments').values(row).execute();
    if (row.state === 'refused') return row;
    const payload = { model: row.model, version: row.version, previous: row.previous, kind: row.kind };
    await addEvent(transaction, { type: 'deployment.changed', owner: row.owner, payload, at });
    return row;
  });
}

export const presentDeployment = (row: DeploymentRow): JsonObject => ({
  ...{ model: row.model, number: row.number, kind: row.kind, state: row.state, version: row.version },
  previous: row.previous === '' ? null : row.previous,
  ...{ reasons: JSON.parse(row.reasons), comparison: JSON.parse(row.comparison) },
  ...{ owner: row.owner, created_at: new Date(row.created_at).toISOString() },
});
