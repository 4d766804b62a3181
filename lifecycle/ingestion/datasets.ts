import { databaseOf, type Lifecycle } from '../lifecycle.ts';
import { manifest } from './manifest.ts';
import { type DatasetSchema, DEFAULT_MAX_BAD } from './schema.ts';
import type { IngestionTables } from './tables.ts';

interface DatasetChanges {
  readonly schema?: DatasetSchema | undefined;
  readonly maxBad?: number | undefined;
}

/** Creates a dataset, or changes what is given. */
export async function ensureDataset(
  lifecycle: Lifecycle,
  { name, owner }: { readonly name: string; readonly owner: string },
  { schema, maxBad }: DatasetChanges = {},
): Promise<void> {
  const { query } = await databaseOf<IngestionTables>(lifecycle, manifest);
  const changes = {
    ...(schema === undefined ? {} : { schema: JSON.stringify(schema) }),
    ...(maxBad === undefined ? {} : { max_bad: maxBad }),
  };
  const row = {
    ...{ name, schema: null, max_bad: DEFAULT_MAX_BAD, last_version: 0 },
    ...{ created_at: lifecycle.platform.clock.now(), created_by: owner },
    ...changes,
  };
  const insert = query.insertInto('datasets').values(row);
  await insert
    .onConflict((conflict) =>
      Object.keys(changes).length === 0
        ? conflict.column('name').doNothing()
        : conflict.column('name').doUpdateSet(changes),
    )
    .execute();
}
