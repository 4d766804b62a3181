import { randomUUID } from 'node:crypto';
import { writeInBatches } from '#adapters/sql/service-database.ts';
import { type JsonObject, ModelyardError } from '#core';
import { databaseOf, type Lifecycle } from '../lifecycle.ts';
import { nameIn } from '../names.ts';
import { addEvent } from '../outbox.ts';
import { openWorkbench } from '../scratch.ts';
import type { StageRun } from '../service.ts';
import { ensureDataset } from './datasets.ts';
import { type FetchedFile, fetchFile } from './fetch-file.ts';
import type { FileFormat } from './file-formats.ts';
import { manifest } from './manifest.ts';
import { knownFormat, namedFile } from './named-file.ts';
import { type ReadRows, readRows, versionId } from './read-rows.ts';
import { type DatasetSchema, schemaHash } from './schema.ts';
import type { IngestionTables } from './tables.ts';
import { presentVersion, type VersionRow } from './versions.ts';

/**
 * The arguments of the stage `ingest`: a file that is already an artifact, or is fetched from a URL. Stages of pipelines
 * may leave out `file` and `source`, and name a `url` or a `key` alone.
 */
interface IngestArguments extends JsonObject {
  readonly dataset: string;
  readonly url?: string;
  readonly key?: string;
  readonly file?: GivenFile;
  readonly source?: string;
  readonly format?: FileFormat;
  readonly delimiter?: string;
}

interface GivenFile extends JsonObject {
  readonly name: string;
  /** Null: that of the answer. @default what the name says */
  readonly format?: FileFormat | null;
}

type IngestedFile = FetchedFile & Pick<GivenFile, 'name'>;

/**
 * Makes a version of a file: rows that keep the schema become Parquet, the others go to the quarantine. With more bad
 * rows than the dataset allows, the version is refused; its rows are kept all the same.
 */
export async function ingest(lifecycle: Lifecycle, args: JsonObject, run: StageRun): Promise<JsonObject> {
  const { dataset: named, delimiter, url, key, format } = args as IngestArguments;
  const dataset = nameIn(String(named), 'dataset');
  const given: IngestArguments = {
    ...(args.file === undefined ? await namedFile(lifecycle, { url, key, format }) : {}),
    ...(args as IngestArguments),
  };
  const { artifacts } = lifecycle.stores;
  await ensureDataset(lifecycle, { name: dataset, owner: run.owner });
  const database = await databaseOf<IngestionTables>(lifecycle, manifest);
  const owner = await database.query.selectFrom('datasets').selectAll().where('name', '=', dataset).executeTakeFirst();
  if (!owner) throw new ModelyardError('invalid_input', `There is no dataset ${dataset}.`);
  const schema = owner.schema === null ? undefined : (JSON.parse(owner.schema) as DatasetSchema);
  const file = await fileFrom(lifecycle, given, run.signal);
  const known = await sameContent(lifecycle, dataset, file.hash, schema);
  if (known) return { version: presentVersion(known), is_new: false };

  await using bench = await openWorkbench(lifecycle, run.signal);
  const path = await artifacts.fileOf(file.hash);
  const missing = schema?.missing ?? [];
  const read = await readRows(
    bench.tables,
    { path, format: file.format, delimiter, missing, scratch: bench.folder, hash: file.hash },
    schema,
  );
  const rows = await artifacts.putFile(read.rowsFile);
  const refused = read.refusedFile === undefined ? undefined : await artifacts.putFile(read.refusedFile);
  const version = await keep(lifecycle, {
    args: given,
    file,
    run,
    read,
    parts: [rows.hash],
    refused: refused?.hash,
    maxBad: owner.max_bad,
  });
  return { version: presentVersion(version), is_new: true };
}

/** The schema that rows are checked by. What a URL or a key names may be another file each time. */
export async function ingestInputs(lifecycle: Lifecycle, args: JsonObject): Promise<JsonObject> {
  const { query } = await databaseOf<IngestionTables>(lifecycle, manifest);
  const known = query.selectFrom('datasets').select('schema').where('name', '=', String(args.dataset));
  const schema = (await known.executeTakeFirst())?.schema ?? null;
  return { schema: schema && JSON.parse(schema), ...(args.file === undefined ? { asked: randomUUID() } : {}) };
}

async function fileFrom(
  lifecycle: Lifecycle,
  { url, file }: IngestArguments,
  signal: AbortSignal,
): Promise<IngestedFile> {
  const { name = 'file', format, ...stored } = file ?? {};
  if (url === undefined) return { ...stored, name, format: format ?? knownFormat(name) } as unknown as IngestedFile;
  return { ...(await fetchFile(lifecycle, { url, format: format ?? undefined }, signal)), name };
}

/** The version with this content, under the present schema or the one that was taken from it. */
async function sameContent(
  lifecycle: Lifecycle,
  dataset: string,
  fileHash: string,
  schema: DatasetSchema | undefined,
): Promise<VersionRow | undefined> {
  const { query } = await databaseOf<IngestionTables>(lifecycle, manifest);
  return query
    .selectFrom('versions')
    .selectAll()
    .where('id', '=', versionId(dataset, fileHash, schemaHash(schema)))
    .executeTakeFirst();
}

interface Kept {
  readonly args: IngestArguments;
  readonly file: IngestedFile;
  readonly run: StageRun;
  readonly read: ReadRows;
  readonly parts: readonly string[];
  readonly refused: string | undefined;
  readonly maxBad: number;
}

/** Writes the version, its refused rows and its event. A repeated run finds the version and changes nothing. */
async function keep(
  lifecycle: Lifecycle,
  { args, file, run, read, parts, refused, maxBad }: Kept,
): Promise<VersionRow> {
  const { dataset, source = 'stage' } = args;
  const { schema, rows, badRows } = read;
  const database = await databaseOf<IngestionTables>(lifecycle, manifest);
  const id = versionId(dataset, file.hash, schemaHash(schema));
  const listed = read.refused.map((row, position) => ({ version_id: id, position, dataset, ...row }));
  await writeInBatches(listed, (batch) =>
    database.query
      .insertInto('quarantine')
      .values(batch)
      .onConflict((conflict) => conflict.columns(['version_id', 'position']).doNothing())
      .execute(),
  );
  return database.transaction(async (transaction) => {
    const known = await transaction.selectFrom('versions').selectAll().where('id', '=', id).executeTakeFirst();
    if (known) return known;
    const total = rows + badRows;
    const isAccepted = total > 0 && badRows <= maxBad * total;
    const { last_version: number } = await transaction
      .updateTable('datasets')
      .set(({ eb, fn, ref, val }) => ({
        last_version: eb('last_version', '+', 1),
        // A schema must not be inferred from a refused version.
        ...(isAccepted ? { schema: fn.coalesce(ref('schema'), val(JSON.stringify(schema))) } : {}),
      }))
      .where('name', '=', dataset)
      .returning('last_version')
      .executeTakeFirstOrThrow();
    const version: VersionRow = {
      ...{ id, dataset, number, state: isAccepted ? 'accepted' : 'refused' },
      ...{ file_hash: file.hash, file_name: file.name, file_size: file.size, file_format: file.format, source },
      ...{ parts: JSON.stringify(parts), quarantine_hash: refused ?? null, schema: JSON.stringify(schema) },
      ...{ rows, bad_rows: badRows, max_bad: maxBad, task_id: run.taskId },
      ...{ created_at: lifecycle.platform.clock.now(), created_by: run.owner },
    };
    await transaction.insertInto('versions').values(version).execute();
    if (isAccepted) {
      const payload = { dataset, version: version.number, version_id: id };
      await addEvent(transaction, { type: 'dataset.versioned', owner: run.owner, payload, at: version.created_at });
    }
    return version;
  });
}
