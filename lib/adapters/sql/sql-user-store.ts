import type { Kysely } from 'kysely';
import {
  findUserById,
  ModelyardError,
  type NewUser,
  nameKeyOf,
  nameKeyOfId,
  newUserId,
  packAccount,
  USER_ROLES,
  type User,
  type UserPage,
  type UserQuery,
  type UserStore,
  unpackAccount,
  userCursor,
} from '#core';
import { translated } from './errors.ts';
import type { SqlTables, UsersTable } from './tables.ts';

const AWAY = 'The users cannot be reached.';

/** Stores users as rows of a SQL database. */
export class SqlUserStore implements UserStore {
  readonly #database: Kysely<SqlTables>;

  constructor(database: Kysely<SqlTables>) {
    this.#database = database;
  }

  async create(user: NewUser): Promise<User | undefined> {
    const kept: User = { ...user, id: newUserId(user.name), version: 1 };
    return (await this.restore(kept)) ? kept : undefined;
  }

  restore(kept: User): Promise<boolean> {
    return translated(AWAY, async () => {
      const { numInsertedOrUpdatedRows: inserted } = await this.#database
        .insertInto('users')
        .values({
          name_key: nameKeyOf(kept.name),
          id: kept.id,
          name: kept.name,
          role: kept.role,
          password_hash: kept.passwordHash,
          created_at: kept.createdAt,
          version: kept.version,
          account: packAccount(kept),
        })
        .onConflict((conflict) => conflict.column('name_key').doNothing())
        .executeTakeFirst();
      return inserted === 1n;
    });
  }

  get(id: string): Promise<User | undefined> {
    return findUserById(id, (nameKey) => this.#read(nameKey));
  }

  findByName(name: string): Promise<User | undefined> {
    return this.#read(nameKeyOf(name));
  }

  async update(user: User): Promise<boolean> {
    const { id, role, passwordHash, version } = user;
    const nameKey = nameKeyOfId(id);
    if (nameKey === undefined) return false;
    return translated(AWAY, async () => {
      const { numUpdatedRows } = await this.#database
        .updateTable('users')
        .set({ role, password_hash: passwordHash, version, account: packAccount(user) })
        .where('name_key', '=', nameKey)
        .where('id', '=', id)
        .where('version', '=', version - 1)
        .executeTakeFirst();
      return numUpdatedRows === 1n;
    });
  }

  async delete(id: string): Promise<boolean> {
    return translated(AWAY, async () => {
      const { numDeletedRows } = await this.#database
        .deleteFrom('users')
        .where('name_key', '=', nameKeyOfId(id) ?? '')
        .where('id', '=', id)
        .executeTakeFirst();
      return numDeletedRows === 1n;
    });
  }

  list({ limit, cursor }: UserQuery): Promise<UserPage> {
    return translated(AWAY, async () => {
      const rows = await this.#database
        .selectFrom('users')
        .selectAll()
        .where('name_key', '>', userCursor(cursor))
        .orderBy('name_key')
        .limit(limit + 1)
        .execute();
      const shown = rows.slice(0, limit);
      const last = shown.at(-1);
      return { users: shown.map(toUser), ...(last && rows.length > limit ? { nextCursor: last.name_key } : {}) };
    });
  }

  #read(nameKey: string): Promise<User | undefined> {
    return translated(AWAY, async () => {
      const row = await this.#database
        .selectFrom('users')
        .selectAll()
        .where('name_key', '=', nameKey)
        .executeTakeFirst();
      return row && toUser(row);
    });
  }
}

function toUser({ id, name, role, password_hash, created_at, version, account }: UsersTable): User {
  const known = USER_ROLES.find((candidate) => candidate === role);
  if (!known) throw new ModelyardError('internal', 'A stored user cannot be read.');
  // Some drivers return large integers as strings.
  const base = { id, name, role: known, passwordHash: password_hash, createdAt: Number(created_at), version };
  return { ...base, ...unpackAccount(account) };
}
