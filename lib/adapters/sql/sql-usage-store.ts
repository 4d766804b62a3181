import type { Kysely } from 'kysely';
import type { StoredUsage, UsageStore } from '#core';
import { translated } from './errors.ts';
import type { SqlTables } from './tables.ts';

const AWAY = 'The usage of users cannot be reached.';

/** Stores usage as rows of a SQL database. */
export class SqlUsageStore implements UsageStore {
  readonly #database: Kysely<SqlTables>;

  constructor(database: Kysely<SqlTables>) {
    this.#database = database;
  }

  get(owner: string): Promise<StoredUsage | undefined> {
    return translated(AWAY, () =>
      this.#database.selectFrom('usage').select(['document', 'version']).where('owner', '=', owner).executeTakeFirst(),
    );
  }

  put(owner: string, { document, version }: StoredUsage): Promise<boolean> {
    return translated(AWAY, async () => {
      if (version === 1) {
        const { numInsertedOrUpdatedRows } = await this.#database
          .insertInto('usage')
          .values({ owner, document, version })
          .onConflict((conflict) => conflict.column('owner').doNothing())
          .executeTakeFirst();
        return numInsertedOrUpdatedRows === 1n;
      }
      const { numUpdatedRows } = await this.#database
        .updateTable('usage')
        .set({ document, version })
        .where('owner', '=', owner)
        .where('version', '=', version - 1)
        .executeTakeFirst();
      return numUpdatedRows === 1n;
    });
  }

  async delete(owner: string): Promise<void> {
    await translated(AWAY, () => this.#database.deleteFrom('usage').where('owner', '=', owner).execute());
  }
}
