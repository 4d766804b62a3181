import { identifier, quoted } from '#adapters/duckdb/tables.ts';
import { isRecord } from '#core';
import { invalidField } from '../json-body.ts';

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

const FIELDS = ['source', 'sql', 'columns', 'checks'];
const STEPS = ['drop', 'trim', 'lower', 'clip', 'fill', 'rename'];
const isText = (value: unknown): value is string => typeof value === 'string' && value.trim() !== '';

/** Throws `invalid_input` with a pointer to the invalid field. SQL is checked by its first run. */
export function readRecipe(value: Readonly<Record<string, unknown>>): Recipe {
  const { source, sql, columns = {}, checks = [] } = value;
  const unknown = Object.keys(value).find((field) => !FIELDS.includes(field));
  if (unknown !== undefined) throw invalidField(`/${unknown}`, 'is no field of a recipe');
  if (!isRecord(source) || !isText(source.dataset)) throw invalidField('/source', 'must name a dataset');
  if (sql !== undefined && !isText(sql)) throw invalidField('/sql', 'must be a query on the table input');
  if (!isRecord(columns)) throw invalidField('/columns', 'must be an object with the steps of each column');
  for (const [name, step] of Object.entries(columns)) {
    const isKnown = isRecord(step) && Object.keys(step).every((field) => STEPS.includes(field));
    if (!isKnown) throw invalidField(`/columns/${name}`, `must be an object with some of ${STEPS.join(', ')}`);
    const { clip } = step;
    const isRange = Array.isArray(clip) && clip.length === 2 && clip.every(Number.isFinite);
    if (clip !== undefined && !isRange) throw invalidField(`/columns/${name}/clip`, 'must be two numbers');
  }
  if (!Array.isArray(checks)) throw invalidField('/checks', 'must be a list');
  for (const [index, check] of checks.entries()) checkFault(check, `/checks/${index}`);
  return value as unknown as Recipe;
}

function checkFault(check: unknown, pointer: string): void {
  if (!isRecord(check) || !isText(check.name)) throw invalidField(`${pointer}/name`, 'must be a name');
  if (check.severity !== undefined && check.severity !== 'error' && check.severity !== 'warn') {
    throw invalidField(`${pointer}/severity`, 'must be error or warn');
  }
  if (isText(check.condition) === isText(check.sql)) throw invalidField(pointer, 'must have a condition or sql');
}

/** The list of output columns for the columns of the query. */
export function outputColumns(names: readonly string[], steps: Recipe['columns'] = {}): string {
  return names
    .filter((name) => !steps[name]?.drop)
    .map((name) => `${stepped(name, steps[name] ?? {})} AS ${identifier(steps[name]?.rename ?? name)}`)
    .join(', ');
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
