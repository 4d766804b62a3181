import { v7 as uuidV7 } from 'uuid';
import { aTime, type HttpRequest, json, jsonFields, optional, type ProxyResult } from '#api';
import { type JsonObject, ModelyardError } from '#core';
import { invalidField } from '../json-body.ts';
import type { ServingLifecycle } from '../service.ts';
import { alertsDatabase, type SilenceRow } from './tables.ts';

const MAX_SECONDS = 90 * 86_400;
const MAX_SILENCES = 1000;

const aName = (value: unknown) =>
  typeof value === 'string' && value !== '' && value.length <= 200
    ? undefined
    : 'Must be a text of 1 to 200 characters.';
const anInstant = (value: unknown) => {
  const must = aTime(value);
  return must && `Must be ${must}.`;
};
const seconds = (value: unknown) =>
  Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_SECONDS
    ? undefined
    : `Must be a whole number of seconds from 1 to ${MAX_SECONDS}.`;

const RULES = {
  rule: optional(aName),
  model: optional(aName),
  feature: optional(aName),
  comment: optional(aName),
  starts_at: optional(anInstant),
  seconds: optional(seconds),
  ends_at: optional(anInstant),
};

/** Needs `seconds` or `ends_at`. Without `rule`, `model` and `feature`, it fits every alert. */
export async function postSilence(lifecycle: ServingLifecycle, request: HttpRequest): Promise<ProxyResult> {
  const fields = jsonFields(request, { what: 'a valid silence', rules: RULES }) as Readonly<Record<string, never>>;
  if (fields.seconds != null && fields.ends_at != null)
    throw invalidField('/seconds', 'is not for a silence with ends_at');
  const now = lifecycle.platform.clock.now();
  const startsAt = fields.starts_at == null ? now : Date.parse(fields.starts_at);
  const endsAt = fields.ends_at == null ? startsAt + Number(fields.seconds ?? 0) * 1000 : Date.parse(fields.ends_at);
  if (endsAt <= Math.max(now, startsAt) || endsAt > now + MAX_SECONDS * 1000) {
    throw invalidField('/ends_at', 'or /seconds must end the silence after now and its start, within 90 days');
  }
  const { query } = await alertsDatabase(lifecycle);
  const { count } = await query
    .selectFrom('silences')
    .where('ends_at', '>', now)
    .select(({ fn }) => fn.countAll().as('count'))
    .executeTakeFirstOrThrow();
  if (Number(count) >= MAX_SILENCES) throw new ModelyardError('conflict', 'There are too many silences.');
  const row: SilenceRow = {
    ...{ id: uuidV7(), rule: fields.rule ?? null, model: fields.model ?? null, feature: fields.feature ?? null },
    ...{ comment: fields.comment ?? '', starts_at: startsAt, ends_at: endsAt, created_by: request.caller.id },
  };
  await query.insertInto('silences').values(row).execute();
  return json(201, present(row));
}

/** Active silences. */
export async function listSilences(lifecycle: ServingLifecycle): Promise<ProxyResult> {
  const { query } = await alertsDatabase(lifecycle);
  const now = lifecycle.platform.clock.now();
  const rows = await query.selectFrom('silences').selectAll().where('ends_at', '>', now).orderBy('ends_at').execute();
  return json(200, { silences: rows.map(present) });
}

/** Ends it at once. */
export async function deleteSilence(lifecycle: ServingLifecycle, request: HttpRequest): Promise<ProxyResult> {
  const { query } = await alertsDatabase(lifecycle);
  const id = request.param('id');
  const { numDeletedRows } = await query.deleteFrom('silences').where('id', '=', id).executeTakeFirst();
  if (numDeletedRows === 0n) throw new ModelyardError('resource_not_found', 'There is no such silence.');
  return { statusCode: 204, headers: {}, body: '' };
}

const present = ({ starts_at, ends_at, ...row }: SilenceRow): JsonObject => ({
  ...row,
  starts_at: new Date(starts_at).toISOString(),
  ends_at: new Date(ends_at).toISOString(),
});
