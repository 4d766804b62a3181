import { identifier, quoted } from '#adapters/duckdb/tables.ts';
import { isRecord } from '#core';
import { invalidField, refuseOthers } from '../json-body.ts';

/** Operations on the values of a column, in this order. */
interface ColumnStep {
  readonly drop?: boolean;
  readonly trim?: boolean;
  readonly lower?: boolean;
  /** Limits of numbers. Values outside get the limit. */
  readonly clip?: readonly [low: number, high: number];
  /** In place of a missing value. */
  readonly fill?: number | string | boolean;
  readonly rename?: string;
}

/** A condition of every row of the output, or a query for the rows that violate it. */
export interface Check {
  readonly name: string;
  /** `error` (default): the run fails. `warn`: the run goes on. */
  readonly severity?: 'error' | 'warn';
  /** A condition in SQL that each row must fulfil, for example `power >= 0`. */
  readonly condition?: string;
  /** A query for the rows that must not exist. The output is the table `output`. */
  readonly sql?: string;
}

export interface Recipe {
  readonly source: { readonly dataset: string; readonly version?: number };
  /** A query on the table `input`. @default all columns of it */
  readonly sql?: string;
  /** Applied to the columns of the query. */
  readonly columns?: Readonly<Record<string, ColumnStep>>;
  readonly checks?: readonly Check[];
}

const isText = (value: unknown): value is string => typeof value === 'string' && value.trim() !== '';

const isFlag = (value: unknown): boolean => typeof value === 'boolean';

/** What each step must be. */
const STEPS: Readonly<Record<keyof ColumnStep, readonly [must: string, isMet: (value: unknown) => boolean]>> = {
  drop: ['must be true or false', isFlag],
  trim: ['must be true or false', isFlag],
  lower: ['must be true or false', isFlag],
  clip: [
    'must be two numbers, the lower one first',
    (value) => Array.isArray(value) && value.length === 2 && value.every(Number.isFinite) && value[0] <= value[1],
  ],
  fill: [
    'must be a number, a text, or true or false',
    (value) => isFlag(value) || typeof value === 'string' || Number.isFinite(value),
  ],
  rename: ['must be a name', isText],
};

/** Throws `invalid_input` with a pointer to the invalid field. SQL is checked by its first run. */
export function readRecipe(value: Readonly<Record<string, unknown>>): Recipe {
  const { source, sql, columns = {}, checks = [], ...others } = value;
  refuseOthers(others, 'is no field of a recipe');
  if (!isRecord(source) || !isText(source.dataset)) throw invalidField('/source', 'must name a dataset');
  if (sql !== undefined && !isText(sql)) throw invalidField('/sql', 'must be a query on the table input');
  if (!isRecord(columns)) throw invalidField('/columns', 'must be an object with the steps of each column');
  for (const [name, step] of Object.entries(columns)) {
    const isKnown = isRecord(step) && Object.keys(step).every((field) => Object.hasOwn(STEPS, field));
    const known = Object.keys(STEPS).join(', ');
    if (!isKnown) throw invalidField(`/columns/${name}`, `must be an object with some of ${known}`);
    for (const [field, given] of Object.entries(step)) {
      const [must, isMet] = STEPS[field as keyof ColumnStep];
      if (!isMet(given)) throw invalidField(`/columns/${name}/${field}`, must);
    }
  }
  if (!Array.isArray(checks)) throw invalidField('/checks', 'must be a list');
  for (const [index, check] of checks.entries()) checkFault(check, `/checks/${index}`);
  return value as unknown as Recipe;
}

function checkFault(check: unknown, pointer: string): void {
  const { name, severity, condition, sql, ...others } = isRecord(check) ? check : {};
  if (!isText(name)) throw invalidField(`${pointer}/name`, 'must be a name');
  if (severity !== undefined && severity !== 'error' && severity !== 'warn') {
    throw invalidField(`${pointer}/severity`, 'must be error or warn');
  }
  refuseOthers(others, 'is no field of a check', pointer);
  if (isText(condition) === isText(sql)) throw invalidField(pointer, 'must have a condition or sql');
}

/** The list of output columns for the columns of the query. Throws `invalid_input` for steps of columns that it lacks. */
export function outputColumns(names: readonly string[], steps: Recipe['columns'] = {}): string {
  const unknown = Object.keys(steps).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw invalidField(`/columns/${unknown}`, `must be a column of the query, which has ${names.join(', ')}`);
  }
  const stepOf = (name: string): ColumnStep => (Object.hasOwn(steps, name) ? steps[name] : undefined) ?? {};
  const kept = names.filter((name) => !stepOf(name).drop).map((name) => ({ name, as: stepOf(name).rename ?? name }));
  const twice = kept.find(({ as }, at) => kept.findIndex((other) => other.as === as) < at);
  if (twice) throw invalidField(`/columns/${twice.name}`, `must not be a second column ${twice.as}`);
  return kept.map(({ name, as }) => `${stepped(name, stepOf(name))} AS ${identifier(as)}`).join(', ');
}

function stepped(name: string, { trim, lower, clip, fill }: ColumnStep): string {
  let value = identifier(name);
  if (trim) value = `trim(${value})`;
  if (lower) value = `lower(${value})`;
  if (clip) value = `CASE WHEN ${value} IS NOT NULL THEN least(greatest(${value}, ${clip[0]}), ${clip[1]}) END`;
  if (fill !== undefined) value = `coalesce(${value}, ${typeof fill === 'string' ? quoted(fill) : String(fill)})`;
  return value;
}

/** A query for the number of rows that violate a check. */
export const violations = ({ condition, sql }: Check): string =>
  sql === undefined
    ? `SELECT count(*) AS failed FROM output WHERE NOT coalesce((${condition}\n), false)`
    : `SELECT count(*) AS failed FROM (${sql}\n)`;
