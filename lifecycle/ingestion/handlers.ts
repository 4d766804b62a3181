import { type HttpRequest, json, jsonFields, optional, type ProxyResult } from '#api';
import { type JsonObject, ModelyardError } from '#core';
import { databaseOf, type Lifecycle } from '../lifecycle.ts';
import { nameIn } from '../names.ts';
import type { ServingLifecycle } from '../service.ts';
import { stageAnswer } from '../stage-answer.ts';
import { ensureDataset } from './datasets.ts';
import { manifest } from './manifest.ts';
import { receiveFile } from './receive-file.ts';
import { readSchema } from './schema.ts';
import type { IngestionTables } from './tables.ts';
import { presentVersion } from './versions.ts';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;
const MAX_SCHEMA_BYTES = 256 * 1024;

/** Answers the routes of `/datasets`. */
export async function handle(lifecycle: ServingLifecycle, request: HttpRequest): Promise<ProxyResult> {
  if (request.route === '/datasets') return listDatasets(lifecycle, request);
  const dataset = nameIn(request.param('dataset'), 'dataset');
  if (request.route.endsWith('/files')) return addFile(lifecycle, request, dataset);
  if (request.route.endsWith('/versions')) return listVersions(lifecycle, request, dataset);
  if (request.route.endsWith('/quarantine')) return listQuarantine(lifecycle, request, dataset);
  if (request.method === 'PUT') return putDataset(lifecycle, request, dataset);
  return json(200, presentDataset(await findDataset(lifecycle, dataset)));
}

const open = (lifecycle: Lifecycle) => databaseOf<IngestionTables>(lifecycle, manifest);

async function findDataset(lifecycle: Lifecycle, name: string) {
  const { query } = await open(lifecycle);
  const found = await query.selectFrom('datasets').selectAll().where('name', '=', name).executeTakeFirst();
  if (found) return found;
  throw new ModelyardError('resource_not_found', `There is no dataset ${name}.`);
}

const presentDataset = (row: IngestionTables['datasets']): JsonObject => ({
  name: row.name,
  schema: row.schema === null ? null : JSON.parse(row.schema),
  max_bad: row.max_bad,
  last_version: row.last_version,
  created_at: new Date(row.created_at).toISOString(),
  created_by: row.created_by,
});

async function listDatasets(lifecycle: Lifecycle, request: HttpRequest): Promise<ProxyResult> {
  const { query } = await open(lifecycle);
  const rows = await query.selectFrom('datasets').selectAll().orderBy('name').limit(limitOf(request)).execute();
  return json(200, { datasets: rows.map(presentDataset) });
}

const share = (value: unknown) =>
  typeof value === 'number' && value >= 0 && value <= 1 ? undefined : 'Must be a number from 0 to 1.';

/** Creates the dataset if there is none. */
async function putDataset(lifecycle: Lifecycle, request: HttpRequest, name: string): Promise<ProxyResult> {
  const fields = jsonFields(request, {
    what: 'a valid dataset',
    rules: { schema: () => undefined, max_bad: optional(share) },
    maxBytes: MAX_SCHEMA_BYTES,
  });
  const schema = fields.schema == null ? undefined : readSchema(fields.schema, '/schema');
  await ensureDataset(
    lifecycle,
    { name, owner: request.caller.id },
    { schema, maxBad: fields.max_bad as number | undefined },
  );
  return json(200, presentDataset(await findDataset(lifecycle, name)));
}

/** The dataset is created by its first file. */
async function addFile(lifecycle: ServingLifecycle, request: HttpRequest, dataset: string): Promise<ProxyResult> {
  const { args, maxBad } = await receiveFile(lifecycle, request);
  await ensureDataset(lifecycle, { name: dataset, owner: request.caller.id }, { maxBad });
  const start = { service: manifest.name, stage: 'ingest', args: { ...args, dataset } };
  return stageAnswer(lifecycle, request, start, (result) => json(result.is_new ? 201 : 200, result.version));
}

async function listVersions(lifecycle: Lifecycle, request: HttpRequest, dataset: string): Promise<ProxyResult> {
  await findDataset(lifecycle, dataset);
  const { query } = await open(lifecycle);
  const rows = await query
    .selectFrom('versions')
    .selectAll()
    .where('dataset', '=', dataset)
    .orderBy('number', 'desc')
    .limit(limitOf(request))
    .execute();
  return json(200, { versions: rows.map(presentVersion) });
}

/** The refused rows of one version, the newest by default, sorted by line. */
async function listQuarantine(lifecycle: Lifecycle, request: HttpRequest, dataset: string): Promise<ProxyResult> {
  const { last_version } = await findDataset(lifecycle, dataset);
  const number = request.query.integer('version', { min: 1, max: 1_000_000_000 }) ?? last_version;
  const after = request.query.integer('after', { min: 0, max: 1_000_000_000 }) ?? -1;
  const { query } = await open(lifecycle);
  const version = await query
    .selectFrom('versions')
    .select(['id', 'bad_rows', 'quarantine_hash'])
    .where('dataset', '=', dataset)
    .where('number', '=', number)
    .executeTakeFirst();
  if (!version) throw new ModelyardError('resource_not_found', `The dataset ${dataset} has no version ${number}.`);
  const limit = limitOf(request);
  const rows = await query
    .selectFrom('quarantine')
    .select(['position', 'line', 'code', 'reason', 'text'])
    .where('version_id', '=', version.id)
    .where('position', '>', after)
    .orderBy('position')
    .limit(limit)
    .execute();
  const last = rows.length === limit ? rows.at(-1)?.position : undefined;
  return json(200, {
    dataset,
    version: number,
    total: version.bad_rows,
    artifact: version.quarantine_hash,
    rows: rows.map(({ position: _, ...row }) => row),
    next_after: last ?? null,
  });
}

const limitOf = ({ query }: HttpRequest): number => query.integer('limit', { min: 1, max: MAX_LIMIT }) ?? DEFAULT_LIMIT;
