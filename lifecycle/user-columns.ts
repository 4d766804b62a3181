import { type Kysely, type RawBuilder, type SqlBool, sql } from 'kysely';
import type { ServiceDatabase } from '#adapters/sql/service-database.ts';

/** Text columns that may contain the id of a user: what is erased and what is exported. */
export interface UserColumns {
  readonly table: string;
  /** Selects the rows of one statement: Aurora DSQL limits how many it changes. */
  readonly key: string;
  readonly columns: readonly string[];
  /** A number that increases with each change: an optimistic lock. */
  readonly version?: string;
  /** Only rows with this value of the column `key`. @default all rows */
  readonly tag?: string;
}

/** What a user is called in a column. */
export interface UserText {
  readonly text: string;
  /** Whether only a whole value names the user: names are parts of other words, ids are not. */
  readonly isWhole?: boolean;
}

/** Events, in the database of every service. */
export const OUTBOX: UserColumns = { table: 'outbox', key: 'id', columns: ['owner', 'payload'] };

/** Whether a column names the user. */
export function names(column: string, { text, isWhole = false }: UserText): RawBuilder<SqlBool> {
  const value = sql.ref(column);
  return isWhole ? sql<SqlBool>`${value} = ${text}` : sql<SqlBool>`replace(${value}, ${text}, '') <> ${value}`;
}

type AnyTables = Record<string, Record<string, unknown>>;

/** For tables whose names are data. */
export const untyped = <Tables>({ query }: Pick<ServiceDatabase<Tables>, 'query'>): Kysely<AnyTables> =>
  query as unknown as Kysely<AnyTables>;
