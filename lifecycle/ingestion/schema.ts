import { createHash } from 'node:crypto';
import { isRecord, ModelyardError } from '#core';
import { columnsFault } from './column-names.ts';

const COLUMN_TYPES = ['text', 'integer', 'number', 'boolean', 'date', 'timestamp'] as const;
export type ColumnType = (typeof COLUMN_TYPES)[number];

/** The rules for the values of a column. */
export interface ColumnRule {
  readonly type: ColumnType;
  /** Whether a value may be missing. @default true */
  readonly nullable?: boolean;
  /** Smallest value, of numbers, dates and timestamps. */
  readonly min?: number | string;
  /** Largest value. */
  readonly max?: number | string;
  /** The only values of a text. */
  readonly values?: readonly string[];
  /** How dates and timestamps are written, for example `%d.%m.%Y`. @default ISO 8601 */
  readonly format?: string;
}

/** The rules for the rows of a dataset. */
export interface DatasetSchema {
  /** In the order of the stored columns. */
  readonly columns: Readonly<Record<string, ColumnRule>>;
  /** Columns whose values together are different in every row. @default rows may repeat */
  readonly key?: readonly string[];
  /** Texts that stand for a missing value, besides nothing. @default none */
  readonly missing?: readonly string[];
}

/** The share of refused rows up to which a version is accepted. */
export const DEFAULT_MAX_BAD = 0.05;
const RULE_FIELDS = ['type', 'nullable', 'min', 'max', 'values', 'format'];
const isTextList = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

/** Throws `invalid_input` with a pointer to what is wrong. */
export function readSchema(value: unknown, pointer = ''): DatasetSchema {
  if (!isRecord(value)) throw fault(pointer, 'Must be an object.');
  const { columns, key, missing, ...others } = value;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw fault(`${pointer}/${unknown}`, 'There is no such field.');
  if (!isRecord(columns) || Object.keys(columns).length === 0) {
    throw fault(`${pointer}/columns`, 'Must be an object with a rule per column.');
  }
  const unusable = columnsFault(Object.keys(columns));
  if (unusable !== undefined) throw fault(`${pointer}/columns`, `Must be usable: ${unusable}.`);
  for (const [name, rule] of Object.entries(columns)) checkRule(rule, `${pointer}/columns/${name}`);
  const isKey = isTextList(key) && key.length > 0 && key.every((name) => Object.hasOwn(columns, name));
  if (key !== undefined && !isKey) throw fault(`${pointer}/key`, 'Must be a list of columns, of at least one.');
  if (missing !== undefined && !isTextList(missing)) throw fault(`${pointer}/missing`, 'Must be a list of strings.');
  return value as unknown as DatasetSchema;
}

function checkRule(rule: unknown, pointer: string): void {
  if (!isRecord(rule)) throw fault(pointer, 'Must be an object.');
  const unknown = Object.keys(rule).find((field) => !RULE_FIELDS.includes(field));
  if (unknown !== undefined) throw fault(`${pointer}/${unknown}`, 'There is no such field.');
  const type = COLUMN_TYPES.find((known) => known === rule.type);
  if (!type) throw fault(`${pointer}/type`, `Must be one of ${COLUMN_TYPES.join(', ')}.`);
  if (rule.nullable !== undefined && typeof rule.nullable !== 'boolean') {
    throw fault(`${pointer}/nullable`, 'Must be true or false.');
  }
  const isTime = type === 'date' || type === 'timestamp';
  const [min, max] = ['min', 'max'].map((bound) => readBound(rule[bound], type, `${pointer}/${bound}`));
  if (min !== undefined && max !== undefined && min > max) throw fault(`${pointer}/max`, 'Must not be below min.');
  if (rule.values !== undefined && !(isTextList(rule.values) && rule.values.length > 0)) {
    throw fault(`${pointer}/values`, 'Must be a list of strings, of at least one.');
  }
  if (rule.format === undefined) return;
  if (!isTime || typeof rule.format !== 'string') {
    throw fault(`${pointer}/format`, 'Only dates and timestamps have a format, which is a string.');
  }
  if (!FORMAT.test(rule.format)) {
    throw fault(`${pointer}/format`, 'Must have specifiers of strptime, such as %d.%m.%Y, and no others.');
  }
}

/** The specifiers of DuckDB, at least one, and text between them. */
const FORMAT = /^(?=.*%-?[A-Za-z])(?:[^%]|%[ABGHIMSTUVWXYZabcdfghjmnpuwxyz%]|%-[HIMSdjmy])+$/;

/** A limit that can be compared. Undefined without one. */
function readBound(value: unknown, type: ColumnType, pointer: string): number | undefined {
  if (value === undefined) return undefined;
  if (type === 'text' || type === 'boolean') throw fault(pointer, `A ${type} has no limits.`);
  if (type === 'integer' || type === 'number') {
    if (Number.isFinite(value)) return value as number;
    throw fault(pointer, 'Must be a number.');
  }
  const [, date] = (typeof value === 'string' ? ISO_TIME.exec(value) : null) ?? [];
  // `Date` takes 30 February as 2 March.
  const isDay = date !== undefined && new Date(date).toJSON()?.startsWith(date);
  const at = isDay ? Date.parse(value as string) : Number.NaN;
  if (Number.isNaN(at)) throw fault(pointer, 'Must be an ISO 8601 time.');
  return at;
}

const ISO_TIME = /^(\d{4}-\d\d-\d\d)(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?$/;

const fault = (pointer: string, message: string) =>
  new ModelyardError('invalid_input', 'The schema of the dataset is not valid.', { errors: [{ pointer, message }] });

/** The same for schemas that mean the same. */
export const schemaHash = (schema: DatasetSchema | undefined): string =>
  createHash('sha256')
    .update(JSON.stringify(schema ?? null))
    .digest('hex');
