import { identifier, quoted } from '#adapters/duckdb/tables.ts';
import type { ColumnRule, ColumnType, DatasetSchema } from './schema.ts';

const SQL_TYPES: Readonly<Record<ColumnType, string>> = {
  text: 'VARCHAR',
  integer: 'BIGINT',
  number: 'DOUBLE',
  boolean: 'BOOLEAN',
  date: 'DATE',
  timestamp: 'TIMESTAMP',
};

const ARTICLES: Readonly<Record<ColumnType, string>> = {
  text: 'a text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  date: 'a date',
  timestamp: 'a time',
};

/** The value of a text column in its type, or NULL. Everything is read as text first: readers guess, casts do not. */
function typedValue(column: string, { type, format }: ColumnRule): string {
  const text = identifier(column);
  if (type === 'text') return text;
  if (format !== undefined) return `CAST(try_strptime(${text}, ${quoted(format)}) AS ${SQL_TYPES[type]})`;
  // Casting to a time without a zone is faster, but drops an offset.
  if (type === 'timestamp') {
    const zoned = `try_cast(try_cast(${text} AS TIMESTAMPTZ) AS TIMESTAMP)`;
    const isUsual = `${text} LIKE '____-__-__T__:__%Z' AND ${startsWithDigit(text)}`;
    return `CASE WHEN ${isUsual} THEN try_cast(${text} AS TIMESTAMP) WHEN ${matches(text, ISO_TIME)} THEN ${zoned} END`;
  }
  const cast = `try_cast(${text} AS ${SQL_TYPES[type]})`;
  if (type !== 'date') return cast;
  const isUsual = `${text} LIKE '____-__-__' AND ${startsWithDigit(text)}`;
  return `CASE WHEN (${isUsual}) OR ${matches(text, ISO_MIDNIGHT)} THEN ${cast} END`;
}

/*
 * Casts take more than ISO 8601: 24-01-05 is a day of the year 24, `epoch` is 1970, and a date loses the time that it has.
 * Expressions cost more than patterns, so they judge only what does not look usual.
 */
const ISO_TIME = '\\s*\\d{4}-\\d\\d-\\d\\d([ T]\\d\\d:\\d\\d(:\\d\\d(\\.\\d+)?)?( ?(Z|[+-]\\d\\d(:?\\d\\d)?))?)?\\s*';
const ISO_MIDNIGHT = '\\s*\\d{4}-\\d\\d-\\d\\d([ T]00:00(:00(\\.0+)?)?( ?(Z|[+]00(:?00)?))?)?\\s*';
const matches = (text: string, expression: string): string => `regexp_full_match(${text}, ${quoted(expression)})`;
const startsWithDigit = (text: string): string => `${text} >= '0'`;

/** Conditions under which a value that is not missing is refused, each with its reason. */
function faultsOf(column: string, rule: ColumnRule): readonly (readonly [condition: string, reason: string])[] {
  const { type, min, max, values, nullable = true } = rule;
  const typed = identifier(typedName(column));
  const text = identifier(column);
  const literal = (bound: number | string) =>
    typeof bound === 'number' ? String(bound) : `${SQL_TYPES[type]} ${quoted(timeLiteral(bound, type))}`;
  const said = (must: string) => `${quoted(`${column}: `)} || ${shown(text)} || ${quoted(` is not ${must}`)}`;
  const type_ = `'type' || chr(31) || ${said(ARTICLES[type])}`;
  return [
    ...(nullable ? [] : [[`${text} IS NULL`, quoted(`missing\u001f${column} is missing`)] as const]),
    ...(type === 'text' ? [] : [[`${text} IS NOT NULL AND ${typed} IS NULL`, type_] as const]),
    // DuckDB rounds 1.5 to 2, and reads 0x1A, which is no number as DOUBLE.
    ...(type === 'integer'
      ? [[`${text} IS NOT NULL AND try_cast(${text} AS DOUBLE) IS DISTINCT FROM ${typed}`, type_] as const]
      : []),
    // It reads 1_000, too.
    ...(type === 'integer' || type === 'number' ? [[`contains(${text}, '_')`, type_] as const] : []),
    ...(type === 'number' || type === 'date' || type === 'timestamp'
      ? [[`NOT isfinite(${typed})`, type_] as const]
      : []),
    ...(min === undefined
      ? []
      : [[`${typed} < ${literal(min)}`, `'range' || chr(31) || ${said(`at least ${min}`)}`] as const]),
    ...(max === undefined
      ? []
      : [[`${typed} > ${literal(max)}`, `'range' || chr(31) || ${said(`at most ${max}`)}`] as const]),
    ...(values === undefined
      ? []
      : [
          [
            `${text} NOT IN (${values.map(quoted).join(', ')})`,
            `'values' || chr(31) || ${said(`one of ${values.join(', ')}`)}`,
          ] as const,
        ]),
  ];
}

const shown = (text: string): string => `'"' || left(${text}, 100) || '"'`;

const timeLiteral = (bound: string, type: ColumnType): string => {
  const iso = new Date(bound).toISOString();
  return type === 'date' ? iso.slice(0, 10) : iso.replace('T', ' ').replace('Z', '');
};

/** The name of the typed copy of a text column. Starts with a character that no reader gives to a column. */
export const typedName = (column: string): string => `\u0001${column}`;

/** The columns of a row that was refused as JSON, and of other rows NULL: they need no copy. */
export const SHOWN = '"\u0001shown"';

/** Text columns as one text. */
export const jsonOf = (columns: readonly string[]): string =>
  `CAST(to_json({${columns.map((name) => `${quoted(name)}: ${identifier(name)}`).join(', ')}}) AS VARCHAR)`;

/**
 * From `source (line, <columns as text>)` to `checked (line, <stored columns>, reason, shown)`. `reason` is a code and a
 * sentence with a separator between, NULL for a good row.
 */
export function checkedRows({ columns }: DatasetSchema, { line, sent }: CheckedSource): string {
  const rules = Object.entries(columns);
  const typed = rules
    .filter(([, { type }]) => type !== 'text')
    .map(([name, rule]) => `${typedValue(name, rule)} AS ${identifier(typedName(name))}`);
  const cases = rules.flatMap(([name, rule]) => faultsOf(name, rule));
  const reason =
    cases.length === 0
      ? 'CAST(NULL AS VARCHAR)'
      : `CASE ${cases.map(([when, then]) => `WHEN ${when} THEN ${then}`).join(' ')} END`;
  const kept = rules.map(([name, { type }]) => identifier(type === 'text' ? name : typedName(name)));
  const judged = `SELECT *, ${reason} AS "\u0001reason" FROM (SELECT *${typed.map((column) => `, ${column}`).join('')} FROM source)`;
  return `SELECT ${[identifier(line), ...kept].join(', ')}, "\u0001reason",
    CASE WHEN "\u0001reason" IS NOT NULL THEN ${jsonOf(sent)} END AS ${SHOWN} FROM (${judged})`;
}

interface CheckedSource {
  /** The name of the column with the line. */
  readonly line: string;
  /** The columns of the file. */
  readonly sent: readonly string[];
}

/** The columns of the stored version: typed values under the names of the dataset. */
export const storedColumns = ({ columns }: DatasetSchema): string =>
  Object.entries(columns)
    .map(([name, { type }]) =>
      type === 'text' ? identifier(name) : `${identifier(typedName(name))} AS ${identifier(name)}`,
    )
    .join(', ');

/** Candidates for a column without a rule, the strictest first. */
const INFERRED: readonly ColumnType[] = ['boolean', 'integer', 'number', 'date', 'timestamp'];
/** A column has a type when this share of its values has it; the others are faults. */
const INFERRED_SHARE = 0.9;

/** A query for the type of a text column: one row with the share of values of each candidate. */
export function typeShares(column: string, source: string): string {
  const text = identifier(column);
  const isOfType: Readonly<Record<string, string>> = {
    boolean: `lower(${text}) IN ('true', 'false')`,
    integer: `try_cast(${text} AS BIGINT) = try_cast(${text} AS DOUBLE) AND NOT contains(${text}, '_')`,
    number: `isfinite(try_cast(${text} AS DOUBLE)) AND NOT contains(${text}, '_')`,
    date: `length(${text}) = 10 AND ${typedValue(column, { type: 'date' })} IS NOT NULL`,
    timestamp: `${typedValue(column, { type: 'timestamp' })} IS NOT NULL`,
  };
  const counts = INFERRED.map((type) => `count(*) FILTER (${isOfType[type]}) / count(${text}) AS ${type}`);
  return `SELECT count(${text}) AS present, ${counts.join(', ')} FROM ${source}`;
}

/** The strictest type that enough values have. `shares`: the row of `typeShares`. */
export function inferredType(shares: Readonly<Record<string, unknown>>): ColumnType {
  if (Number(shares.present) === 0) return 'text';
  return INFERRED.find((type) => Number(shares[type]) >= INFERRED_SHARE) ?? 'text';
}
