import { join } from 'node:path';
import { columnNames, identifier, quoted, type Tables } from '#adapters/duckdb/tables.ts';
import { type JsonObject, ModelyardError, parseExpression } from '#core';
import { invalidField } from '../json-body.ts';
import type { Lifecycle } from '../lifecycle.ts';
import { openWorkbench } from '../scratch.ts';
import type { StageRun } from '../service.ts';
import { requireColumns } from './columns.ts';
import { isSource } from './definition.ts';
import { fileLines } from './file-lines.ts';
import { pointInTimeQuery } from './point-in-time.ts';
import { type AskedView, askedViews, openFeatures, type SourceVersion, sourceOf } from './views.ts';

/** The definition of a training set: labels with a time, and the features that were known then. */
export interface TrainingSetRequest extends JsonObject {
  /** Of a dataset, or the output of a recipe. */
  readonly labels: { readonly dataset?: string; readonly recipe?: string; readonly version?: number };
  /** The column of the labels with the time at which a prediction would have been made. */
  readonly timestamp: string;
  /** `view:feature`. */
  readonly features: readonly string[];
  /** Names columns `view__feature`. @default false */
  readonly full_feature_names?: boolean;
  /** Whether values that were recorded later are left out. @default true */
  readonly bitemporal?: boolean;
}

/** Joins labels and features into one Parquet artifact. The same request on the same versions has the same rows. */
export async function makeTrainingSet(lifecycle: Lifecycle, args: JsonObject, run: StageRun): Promise<JsonObject> {
  const request = args as TrainingSetRequest;
  const labels = await sourceOf(lifecycle, request.labels);
  const asked = await askedViews(lifecycle, request.features);
  const sources = await Promise.all(asked.map(({ view }) => sourceOf(lifecycle, view.definition.source)));

  await using bench = await openWorkbench(lifecycle, run.signal);
  const { tables } = bench;
  await tables.run(
    `CREATE TABLE labels AS SELECT *, row_number() OVER () AS "\u0001row" FROM ${parquet(labels.files)}`,
  );
  const columns = await columnNames(tables, 'labels');
  requireColumns(columns, [request.timestamp, ...asked.flatMap(({ view }) => view.keys)]);
  const names = resultNames(request, asked, columns);
  let table = 'labels';
  for (const [index, view] of asked.entries()) {
    table = await addFeatures(tables, {
      view,
      source: sources[index],
      request,
      names,
      from: table,
      to: `joined_${index}`,
    });
  }
  const path = join(bench.folder, 'training-set.parquet');
  await tables.run(
    `COPY (SELECT * EXCLUDE ("\u0001row") FROM ${table} ORDER BY "\u0001row") TO ${quoted(path)} (FORMAT parquet, COMPRESSION zstd)`,
  );
  const [count] = await tables.rows(`SELECT count(*) AS rows FROM ${table}`);
  const artifact = await lifecycle.stores.artifacts.putFile(path);
  const document = {
    ...{ request, labels: await madeOf(tables, labels) },
    sources: Object.fromEntries(
      await Promise.all(
        asked.map(async ({ view }, index) => [
          view.name,
          { view_version: view.version, ...(await madeOf(tables, sources[index])) },
        ]),
      ),
    ),
    columns: [...columns.filter((column) => column !== '\u0001row'), ...names.values()],
  };
  return keep(lifecycle, run, { hash: artifact.hash, rows: Number(count?.rows), document });
}

const parquet = (files: readonly string[]): string => `read_parquet([${files.map(quoted).join(', ')}])`;

/** A version with the files and lines that it has come from. */
const madeOf = async (tables: Tables, { files = [], ...source }: Partial<SourceVersion> = {}) => ({
  ...source,
  files: await fileLines(tables, files),
});

/** The column of each feature, by `view:feature`. Throws `invalid_input` when two have one name. */
function resultNames(
  { full_feature_names: isFull = false }: TrainingSetRequest,
  asked: readonly AskedView[],
  taken: readonly string[],
): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const used = new Set(taken);
  for (const { view, features } of asked) {
    for (const feature of features) {
      const name = isFull ? `${view.name}__${feature}` : feature;
      if (used.has(name)) {
        throw new ModelyardError('invalid_input', `Two columns are named ${name}: set full_feature_names.`);
      }
      used.add(name);
      names.set(`${view.name}:${feature}`, name);
    }
  }
  return names;
}

interface Addition {
  readonly view: AskedView;
  readonly source: SourceVersion | undefined;
  readonly request: TrainingSetRequest;
  readonly names: ReadonlyMap<string, string>;
  readonly from: string;
  readonly to: string;
}

/** Adds the features of one view to the rows of a table. Returns the name of the new table. */
async function addFeatures(
  tables: Tables,
  { view: asked, source, request, names, from, to }: Addition,
): Promise<string> {
  const { view, features } = asked;
  const { definition, keys } = view;
  const { on_demand: computed = {}, timestamp, recorded, ttl_seconds: ttlSeconds } = definition;
  await tables.run(`CREATE VIEW ${to}_source AS SELECT * FROM ${parquet(source?.files ?? [])}`);
  const wanted = [...keys, timestamp, ...(recorded === undefined ? [] : [recorded]), ...definition.features];
  requireColumns(await columnNames(tables, `${to}_source`), wanted);
  const hidden = (feature: string) => `\u0001${view.name}:${feature}`;
  const query = pointInTimeQuery({
    ...{ labels: from, labelTime: request.timestamp, features: `${to}_source`, keys },
    ...{ eventTime: timestamp, knownTime: recorded, ttlSeconds },
    isBitemporal: request.bitemporal ?? true,
    columns: Object.fromEntries(definition.features.map((feature) => [feature, hidden(feature)])),
  });
  const before = await columnNames(tables, from);
  const columnOf = (name: string) => identifier(definition.features.includes(name) ? hidden(name) : name);
  const chosen = features.map((feature) => {
    const text = computed[feature];
    const value =
      text === undefined ? columnOf(feature) : computedSql(text, columnOf, [...before, ...definition.features]);
    return `${value} AS ${identifier(names.get(`${view.name}:${feature}`) ?? feature)}`;
  });
  await tables.run(`CREATE TABLE ${to} AS SELECT ${[...before.map(identifier), ...chosen].join(', ')} FROM (${query})`);
  return to;
}

function computedSql(text: string, columnOf: (name: string) => string, known: readonly string[]): string {
  const expression = parseExpression(text);
  requireColumns(known, expression.columns);
  return expression.toSql(columnOf);
}

interface Made {
  readonly hash: string;
  readonly rows: number;
  readonly document: JsonObject;
}

/** A repeated run of the task finds the row and changes nothing. */
async function keep(lifecycle: Lifecycle, run: StageRun, { hash, rows, document }: Made): Promise<JsonObject> {
  const { query } = await openFeatures(lifecycle);
  const createdAt = lifecycle.platform.clock.now();
  await query
    .insertInto('training_sets')
    .values({
      ...{ id: run.taskId, hash, rows, document: JSON.stringify(document) },
      ...{ created_at: createdAt, created_by: run.owner },
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
  return { id: run.taskId, artifact: hash, rows, ...document };
}

/** The request of `POST /training-sets`. Throws `invalid_input` with a pointer to what is wrong. */
export function readTrainingSetRequest(body: Readonly<Record<string, unknown>>): TrainingSetRequest {
  const { labels, timestamp, features } = body;
  if (!isSource(labels)) throw invalidField('/labels', 'must name a dataset or a recipe');
  if (typeof timestamp !== 'string') throw invalidField('/timestamp', 'must be the name of a column');
  if (!Array.isArray(features) || features.length === 0)
    throw invalidField('/features', 'must be a list of view:feature');
  return body as TrainingSetRequest;
}
