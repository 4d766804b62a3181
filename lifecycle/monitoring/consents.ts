import { type HttpRequest, json, type ProxyResult } from '#api';
import { invalidField, jsonBody } from '../json-body.ts';
import type { Lifecycle } from '../lifecycle.ts';
import { startStage } from '../stages.ts';
import { monitoringDatabase } from './database.ts';
import { manifest } from './manifest.ts';
import type { Consent } from './tables.ts';

const CONSENTS: readonly Consent[] = ['full', 'answers', 'none'];

/** The consent settings of these users. Users without a setting are missing. */
export async function consentsOf(
  lifecycle: Pick<Lifecycle, 'stores'>,
  owners: readonly string[],
): Promise<ReadonlyMap<string, Consent>> {
  const { query } = await monitoringDatabase(lifecycle);
  const rows = await query.selectFrom('consents').selectAll().where('owner', 'in', owners).execute();
  return new Map(rows.map(({ owner, prediction_log }) => [owner, prediction_log]));
}

/** Predictions of these owners before a time are not logged: their owners have erased them. Unix milliseconds. */
export async function erasedBefore(
  lifecycle: Pick<Lifecycle, 'stores'>,
  owners: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const { query } = await monitoringDatabase(lifecycle);
  const rows = await query.selectFrom('erasures').selectAll().where('owner', 'in', owners).execute();
  return new Map(rows.map(({ owner, before }) => [owner, before]));
}

/** `GET /users/me/consent` */
export async function getConsent(lifecycle: Lifecycle, request: HttpRequest): Promise<ProxyResult> {
  const { id } = request.caller;
  return json(200, { prediction_log: (await consentsOf(lifecycle, [id])).get(id) ?? 'full' });
}

/** `PUT /users/me/consent`: holds for predictions that are logged from now on; `erase` deletes those before. */
export async function putConsent(lifecycle: Lifecycle, request: HttpRequest): Promise<ProxyResult> {
  const { prediction_log: asked, erase = false, ...others } = jsonBody(request);
  const prediction_log = CONSENTS.find((consent) => consent === asked);
  if (!prediction_log) throw invalidField('/prediction_log', `must be one of ${CONSENTS.join(', ')}`);
  if (typeof erase !== 'boolean') throw invalidField('/erase', 'must be true or false');
  const [other] = Object.keys(others);
  if (other !== undefined) throw invalidField(`/${other}`, 'is not a field of a consent');
  const { query } = await monitoringDatabase(lifecycle);
  const updated_at = lifecycle.platform.clock.now();
  await query
    .insertInto('consents')
    .values({ owner: request.caller.id, prediction_log, updated_at })
    .onConflict((conflict) => conflict.column('owner').doUpdateSet({ prediction_log, updated_at }))
    .execute();
  if (!erase) return json(200, { prediction_log });
  const { id } = request.caller;
  // Instances hand on later what they have answered before, and lost logs are rebuilt from tasks.
  await query
    .insertInto('erasures')
    .values({ owner: id, before: updated_at })
    .onConflict((conflict) => conflict.column('owner').doUpdateSet({ before: updated_at }))
    .execute();
  const task = await startStage(lifecycle, {
    ...{ service: manifest.name, stage: 'erase', args: { owner: id, before: updated_at }, owner: id },
  });
  return json(200, { prediction_log, erased_by: task.id });
}
