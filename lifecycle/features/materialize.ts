import { columnNames, identifier, quoted } from '#adapters/duckdb/tables.ts';
import { writeInBatches } from '#adapters/sql/service-database.ts';
import type { JsonObject } from '#core';
import type { Lifecycle } from '../lifecycle.ts';
import { addEvent } from '../outbox.ts';
import { openWorkbench } from '../scratch.ts';
import type { StageRun } from '../service.ts';
import { requireColumns } from './columns.ts';
import type { FeatureTables } from './tables.ts';
import { findView, openFeatures, sourceOf } from './views.ts';

/** Rows that are in memory at once. */
const PAGE = 20_000;

/**
 * Writes the newest value of each key into the online store, unless a newer one is there already. Emits
 * `features.materialized`.
 */
export async function materialize(lifecycle: Lifecycle, args: JsonObject, run: StageRun): Promise<JsonObject> {
  const view = await findView(lifecycle, String(args.view));
  const { definition, keys } = view;
  const source = await sourceOf(lifecycle, definition.source);
  await using bench = await openWorkbench(lifecycle, run.signal);
  const { tables } = bench;
  const values = `read_parquet([${source.files.map(quoted).join(', ')}])`;
  const { timestamp, recorded } = definition;
  const wanted = [...keys, timestamp, ...(recorded === undefined ? [] : [recorded]), ...definition.features];
  requireColumns(await columnNames(tables, `SELECT * FROM ${values}`), wanted);
  const event = identifier(timestamp);
  const known = recorded === undefined ? event : `coalesce(${identifier(recorded)}, ${event})`;
  const key = keys.map(identifier);
  const features = definition.features.map((name) => `${quoted(name)}: ${identifier(name)}`).join(', ');
  await tables.run(
    `CREATE TABLE newest AS
       SELECT to_json([${key.map((column) => `to_json(${column})`).join(', ')}]) AS entity_key,
         to_json({${features}}) AS features, epoch_ms(CAST(${event} AS TIMESTAMP)) AS event_at,
         epoch_ms(CAST(${known} AS TIMESTAMP)) AS known_at, _file AS file, _line AS line
       FROM ${values}
       WHERE ${event} IS NOT NULL AND ${key.map((column) => `${column} IS NOT NULL`).join(' AND ')}
       QUALIFY row_number() OVER (PARTITION BY ${key.join(', ')} ORDER BY ${event} DESC, ${known} DESC, _line DESC) = 1`,
  );
  let rows = 0;
  for (;;) {
    const page = await tables.rows(`SELECT * FROM newest LIMIT ${PAGE} OFFSET ${rows}`);
    const values = page.map((row) => ({
      view: view.name,
      entity_key: keyText(JSON.parse(String(row.entity_key)) as unknown[]),
      features: String(row.features),
      event_at: Number(row.event_at),
      known_at: Number(row.known_at),
      source: JSON.stringify({
        dataset: source.dataset,
        version: source.version,
        file: row.file,
        line: Number(row.line),
      }),
    }));
    await upsert(lifecycle, values);
    rows += page.length;
    if (page.length < PAGE) break;
  }
  return record(lifecycle, run, { view: view.name, view_version: view.version, dataset_version: source.version, rows });
}

/** The same for the value of a dataset and that of a request. */
export const keyText = (values: readonly unknown[]): string => JSON.stringify(values.map(String));

async function upsert(lifecycle: Lifecycle, values: readonly FeatureTables['online_values'][]): Promise<void> {
  const { query } = await openFeatures(lifecycle);
  await writeInBatches(values, (batch) =>
    query
      .insertInto('online_values')
      .values(batch)
      .onConflict((conflict) =>
        conflict
          .columns(['view', 'entity_key'])
          .doUpdateSet(({ ref }) => ({
            features: ref('excluded.features'),
            event_at: ref('excluded.event_at'),
            known_at: ref('excluded.known_at'),
            source: ref('excluded.source'),
          }))
          .where(({ eb, or, and, ref }) =>
            or([
              eb('excluded.event_at', '>', ref('online_values.event_at')),
              and([
                eb('excluded.event_at', '=', ref('online_values.event_at')),
                eb('excluded.known_at', '>=', ref('online_values.known_at')),
              ]),
            ]),
          ),
      )
      .execute(),
  );
}

interface Materialized {
  readonly view: string;
  readonly view_version: number;
  readonly dataset_version: number;
  readonly rows: number;
}

/** A repeated run of the task finds the row and changes nothing. */
async function record(lifecycle: Lifecycle, run: StageRun, materialized: Materialized): Promise<JsonObject> {
  const database = await openFeatures(lifecycle);
  const at = lifecycle.platform.clock.now();
  await database.transaction(async (transaction) => {
    const known = await transaction
      .selectFrom('materializations')
      .select('id')
      .where('id', '=', run.taskId)
      .executeTakeFirst();
    if (known) return;
    await transaction
      .insertInto('materializations')
      .values({ id: run.taskId, ...materialized, created_at: at, created_by: run.owner })
      .execute();
    await addEvent(transaction, { type: 'features.materialized', owner: run.owner, payload: { ...materialized }, at });
  });
  return { id: run.taskId, ...materialized };
}
