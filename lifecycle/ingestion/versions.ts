import type { Selectable } from 'kysely';
import { type JsonObject, ModelyardError } from '#core';
import { databaseOf, type Lifecycle } from '../lifecycle.ts';
import { versionNumber } from '../names.ts';
import { manifest } from './manifest.ts';
import type { IngestionTables } from './tables.ts';

export type VersionRow = Selectable<IngestionTables['versions']>;

/** A version as the API shows it. */
export const presentVersion = (version: VersionRow): JsonObject => ({
  dataset: version.dataset,
  version: version.number,
  id: version.id,
  state: version.state,
  rows: version.rows,
  bad_rows: version.bad_rows,
  max_bad: version.max_bad,
  file: {
    name: version.file_name,
    hash: version.file_hash,
    size: version.file_size,
    format: version.file_format,
    source: version.source,
  },
  schema: JSON.parse(version.schema),
  parts: JSON.parse(version.parts),
  quarantine: version.quarantine_hash,
  task_id: version.task_id,
  created_at: new Date(version.created_at).toISOString(),
  created_by: version.created_by,
});

/**
 * The query `version`: `{dataset, version?}`, the newest accepted one by default. Rejects with `resource_not_found`.
 */
export async function findVersion(lifecycle: Lifecycle, { dataset, version }: JsonObject): Promise<JsonObject> {
  const { query } = await databaseOf<IngestionTables>(lifecycle, manifest);
  const found = await query
    .selectFrom('versions')
    .selectAll()
    .where('dataset', '=', String(dataset))
    .where('state', '=', 'accepted')
    .$if(version !== undefined, (selected) => selected.where('number', '=', versionNumber(version)))
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (found) return presentVersion(found);
  const what = version === undefined ? 'accepted version' : `accepted version ${String(version)}`;
  throw new ModelyardError('resource_not_found', `The dataset ${String(dataset)} has no ${what}.`);
}
