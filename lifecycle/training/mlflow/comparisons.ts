import { type Expression, type SqlBool, sql } from 'kysely';
import type { TagKind } from '../tables.ts';
import type { Comparison, FilterOperator } from './filter.ts';
import type { Input, KeyValue } from './input.ts';
import { invalid } from './mlflow-error.ts';

/** Where the fields of a filter are. */
export interface FilterFields {
  /** Column by attribute. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly tags: { readonly kind: TagKind; readonly owner: string | Expression<string> };
  /** Whether there are `metrics.x` and `params.x`. @default false */
  readonly hasRunData?: boolean;
}

/** True where every comparison holds. */
export function whereAll(comparisons: readonly Comparison[], fields: FilterFields): Expression<SqlBool> {
  if (comparisons.length === 0) return sql<SqlBool>`1 = 1`;
  return sql<SqlBool>`${sql.join(
    comparisons.map((each) => condition(each, fields)),
    sql` and `,
  )}`;
}

function condition(
  comparison: Comparison,
  { attributes, tags, hasRunData = false }: FilterFields,
): Expression<SqlBool> {
  const { kind, key } = comparison;
  if (kind === 'attribute') {
    const column = attributes[key];
    if (column === undefined) throw invalid(`The filter names ${key}, which is no field of the rows.`);
    return compared(sql.ref(column), comparison);
  }
  if (kind === 'tag') {
    const owned = sql`kind = ${tags.kind} and owner = ${typeof tags.owner === 'string' ? sql.ref(tags.owner) : tags.owner}`;
    const rows = sql`select 1 from tags where ${owned} and key = ${key}`;
    // Clients leave prompts out of registered models by a tag that models do not have.
    if (tags.kind === 'model' && comparison.operator === '!=') {
      return sql<SqlBool>`not exists (${rows} and value = ${comparison.value})`;
    }
    return found(rows, sql.ref('value'), comparison);
  }
  if (!hasRunData) throw invalid(`These rows have no ${kind}s.`);
  if (kind === 'param') {
    return found(sql`select 1 from params where run_id = runs.id and key = ${key}`, sql.ref('value'), comparison);
  }
  const rows = sql`select 1 from latest_metrics where run_id = runs.id and is_nan = 0 and key = ${key}`;
  return found(rows, sql.ref('value'), comparison);
}

/** Whether a row of the subquery fulfills the comparison. */
function found(rows: Expression<unknown>, value: Expression<unknown>, comparison: Comparison): Expression<SqlBool> {
  if (comparison.operator === 'IS NULL') return sql<SqlBool>`not exists (${rows})`;
  if (comparison.operator === 'IS NOT NULL') return sql<SqlBool>`exists (${rows})`;
  return sql<SqlBool>`exists (${rows} and ${compared(value, comparison)})`;
}

const SIGNS: readonly FilterOperator[] = ['=', '!=', '<', '<=', '>', '>='];

function compared(left: Expression<unknown>, { operator, value, kind, key }: Comparison): Expression<SqlBool> {
  if (SIGNS.includes(operator)) {
    if (kind === 'metric' && typeof value !== 'number') throw invalid(`The metric ${key} is compared with a number.`);
    const right = kind === 'param' || kind === 'tag' ? String(value) : value;
    return sql<SqlBool>`${left} ${sql.raw(operator)} ${right}`;
  }
  if (operator === 'ILIKE') return sql<SqlBool>`lower(${left}) like lower(${value})`;
  if (operator === 'LIKE') return sql<SqlBool>`${left} like ${value}`;
  if (operator === 'IN' || operator === 'NOT IN') {
    return sql<SqlBool>`${left} ${sql.raw(operator)} (${sql.join(value as readonly string[])})`;
  }
  return sql<SqlBool>`${left} ${sql.raw(operator)}`;
}

/** The tag that a request sets. */
export const tagKey = (input: Input): KeyValue => ({
  key: input.text('key'),
  value: input.optionalText('value') ?? '',
});
