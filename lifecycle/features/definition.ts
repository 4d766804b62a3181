import { isRecord, ModelyardError, parseExpression } from '#core';
import { invalidField, refuseOthers } from '../json-body.ts';

/** A dataset, or the output of a recipe. */
export interface FeatureSource {
  readonly dataset?: string;
  readonly recipe?: string;
  /** @default the newest accepted one */
  readonly version?: number;
}

/** Features of entities and the source of their values, for training and serving alike. */
export interface FeatureView {
  /** Entities whose join keys identify a value. */
  readonly entities: readonly string[];
  readonly source: FeatureSource;
  /** The column with the time at which a value began to hold. */
  readonly timestamp: string;
  /** The column with the time at which it was recorded. @default the same time */
  readonly recorded?: string;
  /** Older values are not used. @default any age */
  readonly ttl_seconds?: number;
  /** Columns of the source. */
  readonly features: readonly string[];
  /** Features that are computed at each use, from features and columns of the request: name → expression. */
  readonly on_demand?: Readonly<Record<string, string>>;
}

const NAME = /^[A-Za-z_]\w{0,62}$/;
const isNames = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string' && NAME.test(item));

/** Whether the value names a dataset or a recipe. */
export const isSource = (value: unknown): value is FeatureSource =>
  isRecord(value) && (typeof value.dataset === 'string') !== (typeof value.recipe === 'string');

/** Throws `invalid_input` with a pointer to what is wrong. */
export function readView(value: Readonly<Record<string, unknown>>): FeatureView {
  const {
    entities,
    source,
    timestamp,
    recorded,
    ttl_seconds: ttl,
    features,
    on_demand: onDemand = {},
    ...others
  } = value;
  refuseOthers(others, 'is no field of a feature view');
  if (!isNames(entities)) throw invalidField('/entities', 'must be a list of names');
  if (!isSource(source)) throw invalidField('/source', 'must name a dataset or a recipe');
  if (source.version !== undefined && !Number.isInteger(source.version)) {
    throw invalidField('/source/version', 'must be a whole number');
  }
  if (typeof timestamp !== 'string') throw invalidField('/timestamp', 'must be the name of a column');
  if (recorded !== undefined && typeof recorded !== 'string')
    throw invalidField('/recorded', 'must be the name of a column');
  if (ttl !== undefined && !(typeof ttl === 'number' && ttl > 0)) throw invalidField('/ttl_seconds', 'must be above 0');
  if (!isNames(features)) throw invalidField('/features', 'must be a list of columns');
  if (!isRecord(onDemand)) throw invalidField('/on_demand', 'must be an object with an expression per feature');
  for (const [name, text] of Object.entries(onDemand)) {
    if (!NAME.test(name) || features.includes(name)) throw invalidField(`/on_demand/${name}`, 'must be a new name');
    if (typeof text !== 'string') throw invalidField(`/on_demand/${name}`, 'must be an expression');
    parseExpression(text);
  }
  return value as unknown as FeatureView;
}

/** `view:feature`, as Feast writes it. Throws `invalid_input`. */
export function featureReference(text: unknown): { readonly view: string; readonly feature: string } {
  const [view, feature, ...others] = typeof text === 'string' ? text.split(':') : [];
  if (view && feature && others.length === 0) return { view, feature };
  throw new ModelyardError('invalid_input', `The feature ${String(text)} must be written as view:feature.`);
}
