import { type JsonObject, ModelyardError } from '#core';
import { databaseOf, type Lifecycle } from '../lifecycle.ts';
import { type FeatureSource, type FeatureView, featureReference } from './definition.ts';
import { manifest } from './manifest.ts';
import type { FeatureTables } from './tables.ts';

export const openFeatures = (lifecycle: Pick<Lifecycle, 'stores'>) => databaseOf<FeatureTables>(lifecycle, manifest);

export interface KnownView {
  readonly name: string;
  readonly version: number;
  readonly definition: FeatureView;
  /** The columns that identify a value, those of all entities. */
  readonly keys: readonly string[];
}

/** Rejects with `resource_not_found`. */
export async function findView(lifecycle: Pick<Lifecycle, 'stores'>, name: string): Promise<KnownView> {
  const { query } = await openFeatures(lifecycle);
  const row = await query.selectFrom('feature_views').selectAll().where('name', '=', name).executeTakeFirst();
  if (!row) throw new ModelyardError('resource_not_found', `There is no feature view ${name}.`);
  const definition = JSON.parse(row.definition) as FeatureView;
  const known = await query.selectFrom('entities').selectAll().where('name', 'in', definition.entities).execute();
  const keysOf = (entity: string): readonly string[] => {
    const found = known.find((candidate) => candidate.name === entity);
    // An entity that was not described is identified by the column of its name.
    return found ? (JSON.parse(found.join_keys) as string[]) : [entity];
  };
  return { name, version: row.version, definition, keys: definition.entities.flatMap(keysOf) };
}

/** The features that are asked for, by view. */
export interface AskedView {
  readonly view: KnownView;
  readonly features: readonly string[];
}

/** Groups `view:feature` by view. Rejects with `invalid_input`, and `resource_not_found` for an unknown view. */
export async function askedViews(
  lifecycle: Pick<Lifecycle, 'stores'>,
  references: readonly unknown[],
): Promise<readonly AskedView[]> {
  const byView = new Map<string, string[]>();
  for (const reference of references) {
    const { view, feature } = featureReference(reference);
    byView.set(view, [...(byView.get(view) ?? []), feature]);
  }
  return Promise.all(
    [...byView].map(async ([name, features]) => {
      const view = await findView(lifecycle, name);
      const { features: stored, on_demand: computed = {} } = view.definition;
      const unknown = features.find((feature) => !stored.includes(feature) && !Object.hasOwn(computed, feature));
      if (unknown === undefined) return { view, features };
      throw new ModelyardError('invalid_input', `The feature view ${name} has no feature ${unknown}.`);
    }),
  );
}

interface FoundSource extends JsonObject {
  readonly dataset: string;
  readonly version: number;
  readonly dataset_version?: number;
  readonly parts: readonly string[];
}

/** The dataset version that a view reads. */
export interface SourceVersion {
  readonly dataset: string;
  readonly version: number;
  /** The recipe that has cleaned it, and the number of its output. */
  readonly recipe?: string;
  readonly output?: number;
  /** Paths of its Parquet files. */
  readonly files: readonly string[];
}

async function find(lifecycle: Lifecycle, { dataset, recipe, version }: FeatureSource): Promise<FoundSource> {
  const asked = version === undefined ? {} : { version };
  const found =
    recipe === undefined
      ? await lifecycle.ask('ingestion', 'version', { ...asked, dataset })
      : await lifecycle.ask('preprocessing', 'output', { ...asked, recipe });
  return found as FoundSource;
}

/** The version of a source that would be read now. Rejects with `resource_not_found` when there is none. */
export async function sourceVersionOf(lifecycle: Lifecycle, source: FeatureSource): Promise<JsonObject> {
  const { dataset, version, parts } = await find(lifecycle, source);
  return { dataset, version, parts };
}

/** Rejects with `resource_not_found` when the dataset has no such version. */
export async function sourceOf(lifecycle: Lifecycle, source: FeatureSource): Promise<SourceVersion> {
  const { recipe } = source;
  const found = await find(lifecycle, source);
  const files = await Promise.all(found.parts.map((hash) => lifecycle.stores.artifacts.fileOf(hash)));
  // Lines are those of the dataset, whatever a recipe has made of them.
  const { dataset_version: dataVersion = found.version } = found;
  return {
    dataset: found.dataset,
    version: dataVersion,
    files,
    ...(recipe === undefined ? {} : { recipe, output: found.version }),
  };
}
