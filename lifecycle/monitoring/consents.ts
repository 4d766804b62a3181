import type { Kysely } from 'kysely';
import { type HttpRequest, json, type ProxyResult } from '#api';
import { invalidField, jsonBody, refuseOthers } from '../json-body.ts';
import type { Lifecycle } from '../lifecycle.ts';
import type { OutboxTables } from '../outbox.ts';
import { startStage } from '../stages.ts';
import { monitoringDatabase } from './database.ts';
import { manifest } from './manifest.ts';
import type { Consent, MonitoringTables } from './tables.ts';

/** From the most to the least that may be logged. */
const CONSENTS: readonly Consent[] = ['full', 'answers', 'none'];

type Query = Kysely<MonitoringTables & OutboxTables>;

/** What users allow and have erased. */
export interface Permissions {
  /** What may be logged of a prediction: the stricter of what was allowed when it was asked for and what is now. */
  allowed(record: { readonly owner: string; readonly at: number }): Consent;
  /** Differs after a change. */
  readonly state: string;
}

export async function readPermissions(query: Query, owners: readonly string[]): Promise<Permissions> {
  const consents = await query
    .selectFrom('consents')
    .selectAll()
    .where('owner', 'in', owners)
    .orderBy('owner')
    .execute();
  const changes = await query
    .selectFrom('consent_changes')
    .selectAll()
    .where('owner', 'in', owners)
    .orderBy('owner')
    .orderBy('since')
    .execute();
  const erasures = await query
    .selectFrom('erasures')
    .selectAll()
    .where('owner', 'in', owners)
    .orderBy('owner')
    .execute();
  const current = new Map(consents.map(({ owner, prediction_log }) => [owner, prediction_log]));
  const changesOf = Map.groupBy(changes, ({ owner }) => owner);
  const erasedBefore = new Map(erasures.map(({ owner, before }) => [owner, before]));
  return {
    state: JSON.stringify([consents, changes, erasures]),
    allowed({ owner, at }) {
      if (at < (erasedBefore.get(owner) ?? 0)) return 'none';
      const now = current.get(owner) ?? 'full';
      const then = changesOf.get(owner)?.findLast(({ since }) => since <= at)?.prediction_log ?? 'full';
      return CONSENTS.indexOf(then) > CONSENTS.indexOf(now) ? then : now;
    },
  };
}

/** `GET /users/me/consent` */
export async function getConsent(lifecycle: Lifecycle, request: HttpRequest): Promise<ProxyResult> {
  const { id } = request.caller;
  const { query } = await monitoringDatabase(lifecycle);
  const row = await query.selectFrom('consents').select('prediction_log').where('owner', '=', id).executeTakeFirst();
  return json(200, { prediction_log: row?.prediction_log ?? 'full' });
}

/** `PUT /users/me/consent`: holds for predictions that are logged from now on; `erase` deletes those before. */
export async function putConsent(lifecycle: Lifecycle, request: HttpRequest): Promise<ProxyResult> {
  const { prediction_log: asked, erase = false, ...others } = jsonBody(request);
  const prediction_log = CONSENTS.find((consent) => consent === asked);
  if (!prediction_log) throw invalidField('/prediction_log', `must be one of ${CONSENTS.join(', ')}`);
  if (typeof erase !== 'boolean') throw invalidField('/erase', 'must be true or false');
  refuseOthers(others, 'is not a field of a consent');
  const { id } = request.caller;
  const at = lifecycle.platform.clock.now();
  await writeConsent(lifecycle, { owner: id, prediction_log, at, erase });
  if (!erase) return json(200, { prediction_log });
  const task = await startStage(lifecycle, {
    ...{ service: manifest.name, stage: 'erase', args: { owner: id, before: at }, owner: id },
  });
  return json(200, { prediction_log, erased_by: task.id });
}

interface NewConsent {
  readonly owner: string;
  readonly prediction_log: Consent;
  /** Unix milliseconds. */
  readonly at: number;
  readonly erase: boolean;
}

async function writeConsent(lifecycle: Lifecycle, { owner, prediction_log, at, erase }: NewConsent): Promise<void> {
  const database = await monitoringDatabase(lifecycle);
  await database.transaction(async (transaction) => {
    const own = transaction.selectFrom('consents').selectAll().where('owner', '=', owner);
    const before = await own.executeTakeFirst();
    await transaction
      .insertInto('consents')
      .values({ owner, prediction_log, updated_at: at })
      .onConflict((conflict) => conflict.column('owner').doUpdateSet({ prediction_log, updated_at: at }))
      .execute();
    // Instances hand on later what they have answered before, and lost logs are rebuilt from tasks.
    const changes = [
      ...(before ? [{ since: before.updated_at, prediction_log: before.prediction_log }] : []),
      { since: at, prediction_log },
    ];
    for (const change of changes) {
      await transaction
        .insertInto('consent_changes')
        .values({ owner, ...change })
        .onConflict((conflict) => conflict.columns(['owner', 'since']).doUpdateSet(change))
        .execute();
    }
    if (!erase) return;
    await transaction
      .insertInto('erasures')
      .values({ owner, before: at })
      .onConflict((conflict) => conflict.column('owner').doUpdateSet({ before: at }))
      .execute();
  });
}
