import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { quoted } from '#adapters/duckdb/tables.ts';
import { type LoggedPrediction, ModelyardError } from '#core';
import type { Lifecycle } from '../lifecycle.ts';
import { retryConflicts } from '../retry-conflicts.ts';
import { openWorkbench } from '../scratch.ts';
import type { Stage, StageRun } from '../service.ts';
import { readPermissions } from './consents.ts';
import { monitoringDatabase } from './database.ts';
import { startDue } from './due.ts';
import { createReader, type LoggedRecord } from './logged-record.ts';
import { readSettings } from './settings.ts';
import type { BatchRow } from './tables.ts';

/** Consents of the owners of a batch rarely change while it is written. */
const MAX_TRIES = 5;

/** The columns of the Parquet objects. */
const COLUMNS = {
  task_id: 'VARCHAR',
  predicted_at: 'BIGINT',
  owner: 'VARCHAR',
  consent: 'VARCHAR',
  model: 'VARCHAR',
  version: 'VARCHAR',
  shadow: 'BOOLEAN',
  request: 'VARCHAR',
  answer: 'VARCHAR',
  prediction: 'DOUBLE',
  class: 'VARCHAR',
} as const;

/** The stage `log`: stores a batch that an instance hands on. The same task stores it once. */
export const logBatch: Stage = async (lifecycle, args, run) => {
  const { model, instance, writer = instance, records = [], opened_at, sent_at, lost_since, closed } = args;
  if (
    typeof model !== 'string' ||
    typeof instance !== 'string' ||
    typeof writer !== 'string' ||
    !Array.isArray(records)
  ) {
    throw new ModelyardError('invalid_input', 'The batch has no model, no instance or no records.');
  }
  const stored = await storeBatch(
    lifecycle,
    { model, records: records as unknown as LoggedPrediction[], source: 'instance' },
    run,
  );
  const { query } = await monitoringDatabase(lifecycle);
  const now = typeof sent_at === 'number' ? sent_at : lifecycle.platform.clock.now();
  const opened = typeof opened_at === 'number' ? opened_at : now;
  const row = {
    ...{ writer, instance },
    model,
    share: Number(args.share ?? 1),
    opened_at: opened,
    seen_at: now,
    lost_since: null,
    state: 'open',
  } as const;
  await query
    .insertInto('log_writers')
    .values(row)
    // One that was taken for dead, as a frozen process is, goes on.
    .onConflict((conflict) => conflict.column('writer').doUpdateSet({ seen_at: now, state: 'open' }))
    .execute();
  const own = query.updateTable('log_writers').where('writer', '=', writer);
  if (typeof lost_since === 'number') await own.set({ lost_since }).where('lost_since', 'is', null).execute();
  if (closed === true) await own.set({ state: 'closed' }).where('lost_since', 'is', null).execute();
  await startDue(lifecycle);
  return { records: stored };
};

export interface NewBatch {
  readonly model: string;
  readonly records: readonly LoggedPrediction[];
  readonly source: BatchRow['source'];
}

/** Writes one Parquet object and what it counts for. Resolves with how many records were stored. */
export async function storeBatch(
  lifecycle: Lifecycle,
  batch: NewBatch,
  run: Pick<StageRun, 'taskId' | 'signal'>,
): Promise<number> {
  const { query } = await monitoringDatabase(lifecycle);
  const known = query.selectFrom('batches').select('records').where('id', '=', run.taskId);
  const before = await known.executeTakeFirst();
  if (before || batch.records.length === 0) return before?.records ?? 0;
  return retryConflicts(() => tryStore(lifecycle, batch, run), {
    maxTries: MAX_TRIES,
    conflict: 'Consents change too often.',
  });
}

/** Resolves with undefined if consents have changed since they were read. Then nothing is stored. */
async function tryStore(
  lifecycle: Lifecycle,
  { model, records, source }: NewBatch,
  run: Pick<StageRun, 'taskId' | 'signal'>,
): Promise<number | undefined> {
  const database = await monitoringDatabase(lifecycle);
  const owners = [...new Set(records.map(({ owner }) => owner))];
  const permissions = await readPermissions(database.query, owners);
  const read = createReader(lifecycle);
  const kept: LoggedRecord[] = [];
  for (const record of records) {
    const consent = permissions.allowed(record);
    if (consent !== 'none') kept.push(await read(record, model, consent));
  }
  if (kept.length === 0) return 0;
  const artifact = await writeParquet(lifecycle, kept, run.signal);
  const { window_seconds } = await readSettings(lifecycle, model);
  const windows = countWindows(kept, window_seconds * 1000);
  const times = kept.map(({ predicted_at }) => predicted_at);
  const row: BatchRow = {
    ...{ id: run.taskId, model, artifact, records: kept.length, source },
    ...{ first_at: times.reduce((a, b) => Math.min(a, b)), last_at: times.reduce((a, b) => Math.max(a, b)) },
    created_at: lifecycle.platform.clock.now(),
  };
  const isAllowed = await database.transaction(async (transaction) => {
    const again = transaction.selectFrom('batches').select('id').where('id', '=', row.id);
    if (await again.executeTakeFirst()) return true;
    if ((await readPermissions(transaction, owners)).state !== permissions.state) return false;
    await transaction.insertInto('batches').values(row).execute();
    for (const { version, start_at, records, is_shadow } of windows) {
      await transaction
        .insertInto('batch_windows')
        .values({ batch: row.id, model, version, start_at, records })
        .execute();
      const end_at = start_at + window_seconds * 1000;
      await transaction
        .insertInto('windows')
        .values({
          ...{ model, version, start_at, end_at, state: 'open', is_shadow },
          ...{ predictions: records, revision: 1, computed_revision: 0 },
          ...{ quality: '{}', distributions: '{}', performance: '{"outcomes":0}', computed_at: null },
        })
        .onConflict((conflict) =>
          conflict.columns(['model', 'version', 'start_at']).doUpdateSet(({ eb, ref }) => ({
            predictions: eb(ref('windows.predictions'), '+', records),
            revision: eb(ref('windows.revision'), '+', 1),
            state: eb
              .case()
              .when('windows.state', '=', 'open')
              .then('open' as const)
              .else('late' as const)
              .end(),
            // It was shorter before the settings changed.
            end_at: eb.case().when('windows.end_at', '<', end_at).then(end_at).else(ref('windows.end_at')).end(),
            ...(is_shadow === 0 ? { is_shadow } : {}),
          })),
        )
        .execute();
    }
    return true;
  });
  if (isAllowed) return kept.length;
  await lifecycle.stores.artifacts.delete(artifact);
  return undefined;
}

async function writeParquet(
  lifecycle: Lifecycle,
  records: readonly LoggedRecord[],
  signal: AbortSignal,
): Promise<string> {
  await using bench = await openWorkbench(lifecycle, signal);
  const [source, target] = [join(bench.folder, 'batch.ndjson'), join(bench.folder, 'batch.parquet')];
  await writeFile(source, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  const columns = Object.entries(COLUMNS).map(([name, type]) => `${name}: '${type}'`);
  const rows = `read_json(${quoted(source)}, format = 'newline_delimited', columns = {${columns.join(', ')}})`;
  await bench.tables.run(
    `COPY (SELECT * FROM ${rows} ORDER BY predicted_at, task_id) TO ${quoted(target)} (FORMAT parquet, COMPRESSION zstd)`,
  );
  return (await lifecycle.stores.artifacts.putFile(target)).hash;
}

interface WindowCount {
  readonly version: string;
  readonly start_at: number;
  readonly is_shadow: number;
  readonly records: number;
}

function countWindows(records: readonly LoggedRecord[], lengthMs: number): readonly WindowCount[] {
  const counts = new Map<string, WindowCount>();
  for (const { version, predicted_at: at, shadow } of records) {
    const start_at = Math.floor(at / lengthMs) * lengthMs;
    const key = `${version}/${start_at}`;
    const known = counts.get(key);
    counts.set(key, {
      ...{ version, start_at, records: (known?.records ?? 0) + 1 },
      is_shadow: shadow && known?.is_shadow !== 0 ? 1 : 0,
    });
  }
  return [...counts.values()];
}
