import { type SqlBool, sql } from 'kysely';
import { isUserId, type JsonObject, ModelyardError } from '#core';
import { erasing } from './erase-user.ts';
import { databaseOf, type Lifecycle } from './lifecycle.ts';
import type { ServiceManifest, Stage, StageRun } from './service.ts';
import { names, OUTBOX, type UserColumns, type UserText, untyped } from './user-columns.ts';

/** Characters of JSON after which a page ends. Far below the largest result. */
export const PAGE_CHARACTERS = 1024 * 1024;
const MAX_KEYS = 200;

interface RowsQuery extends Pick<StageRun, 'signal'> {
  readonly owner: string;
  /** Where the page before ended. Empty for the first one. */
  readonly after: string;
}

interface UserRows {
  readonly rows: readonly JsonObject[];
  /** Where the next page starts, if there is one. */
  readonly next?: string;
}

/** Reads a page of what a service has of a user in one place. */
export type ReadRows = (lifecycle: Lifecycle, query: RowsQuery) => Promise<UserRows>;

/** The stages that erase and export what a service has of a user, of one declaration. */
export const userStages = (manifest: ServiceManifest, traces: readonly UserColumns[]) => ({
  erase: erasing(manifest, traces),
  export: exporting(
    manifest,
    traces.map((trace) => rowsNaming(manifest, trace)),
  ),
});

/**
 * The stage `export` of a service: a page of what it has of the user who runs it, as `rows` with their `table`. `next` has
 * the arguments of the next page.
 */
export function exporting(manifest: ServiceManifest, sources: readonly ReadRows[]): Stage {
  const all = [rowsNaming(manifest, OUTBOX), ...sources];
  return async (lifecycle, { owner, source = 0, after = '' }, { owner: caller, signal }) => {
    if (typeof owner !== 'string' || owner !== caller || !isUserId(owner)) {
      throw new ModelyardError('invalid_input', 'Users export only what is stored of themselves.');
    }
    // A service that was never used has nothing.
    if (!lifecycle.stores.hasDatabase(manifest.name)) return { rows: [], next: null };
    const rows: JsonObject[] = [];
    let [at, position] = [Number(source), String(after)];
    for (let size = 0; size < PAGE_CHARACTERS; ) {
      const read = all[at];
      if (!read) return { rows, next: null };
      const page = await read(lifecycle, { owner, after: position, signal });
      rows.push(...page.rows);
      size += JSON.stringify(page.rows).length;
      if (page.next === undefined) at += 1;
      position = page.next ?? '';
    }
    return { rows, next: { source: at, after: position } };
  };
}

/** The rows of a table that name the user. `textsOf`: what the user is called there. @default the id */
export const rowsNaming =
  (
    manifest: ServiceManifest,
    trace: UserColumns,
    textsOf: (lifecycle: Lifecycle, owner: string) => Promise<readonly UserText[]> = async (_, text) => [{ text }],
  ): ReadRows =>
  async (lifecycle, { owner, after }) => {
    const { table, key, columns, tag } = trace;
    const texts = await textsOf(lifecycle, owner);
    if (texts.length === 0) return { rows: [] };
    const isFound = sql<SqlBool>`(${sql.join(
      columns.flatMap((column) => texts.map((text) => names(column, text))),
      sql` or `,
    )})`;
    let found = untyped(await databaseOf<unknown>(lifecycle, manifest))
      .selectFrom(table)
      .where(isFound);
    if (tag !== undefined) found = found.where('key', '=', tag);
    const keys = await found.select(key).distinct().where(key, '>', after).orderBy(key).limit(MAX_KEYS).execute();
    const last = keys.at(-1)?.[key];
    if (last === undefined) return { rows: [] };
    const rows = await found.selectAll().where(key, '>', after).where(key, '<=', last).orderBy(key).execute();
    const presented: JsonObject[] = [];
    let [size, end] = [0, ''];
    for (const row of rows as readonly JsonObject[]) {
      // Rows with the same key are one page, because the next one starts after the key.
      if (size >= PAGE_CHARACTERS && row[key] !== end) return { rows: presented, next: end };
      presented.push(present(trace, texts, row));
      size += JSON.stringify(presented.at(-1)).length;
      end = String(row[key]);
    }
    return { rows: presented, ...(keys.length < MAX_KEYS ? {} : { next: end }) };
  };

/** A row of the user as it is. Of rows of others that name the user, where they do. */
function present({ table, key, columns }: UserColumns, texts: readonly UserText[], row: JsonObject): JsonObject {
  if (columns.some((column) => texts.some(({ text }) => row[column] === text))) return { table, row };
  const naming = columns.filter((column) => texts.some(({ text }) => String(row[column]).includes(text)));
  return { table, named_in: naming, row: { [key]: row[key] } };
}
