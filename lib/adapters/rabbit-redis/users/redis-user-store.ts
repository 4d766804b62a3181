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
import { translated } from '../errors.ts';
import type { RedisStoreOptions } from '../tasks/redis-task-store.ts';

/** Stores users as hashes without expiry. */
export class RedisUserStore implements UserStore {
  readonly #options: RedisStoreOptions;

  constructor(options: RedisStoreOptions) {
    this.#options = options;
  }

  create(user: NewUser): Promise<User | undefined> {
    return translated('store_unavailable', async () => {
      const kept: User = { ...user, id: newUserId(user.name), version: 1 };
      const { id, name, createdAt } = kept;
      const fields = { id, name, createdAt: String(createdAt), ...toMutableFields(kept) };
      const call = { keys: [this.#key(nameKeyOf(name))], arguments: [id, ...Object.entries(fields).flat()] };
      const client = await this.#options.link.text();
      return this.#isDone(id, await client.createUser(call)) ? kept : undefined;
    });
  }

  get(id: string): Promise<User | undefined> {
    return findUserById(id, (nameKey) => this.#read(nameKey));
  }

  findByName(name: string): Promise<User | undefined> {
    return this.#read(nameKeyOf(name));
  }

  async update(user: User): Promise<boolean> {
    const nameKey = nameKeyOfId(user.id);
    if (nameKey === undefined) return false;
    return translated('store_unavailable', async () => {
      const fields = Object.entries(toMutableFields(user)).flat();
      const call = { keys: [this.#key(nameKey)], arguments: [user.id, String(user.version - 1), ...fields] };
      const client = await this.#options.link.text();
      return this.#isDone(user.id, await client.updateUser(call));
    });
  }

  delete(id: string): Promise<boolean> {
    return translated('store_unavailable', async () => {
      const user = await this.get(id);
      if (!user) return false;
      return (await (await this.#options.link.text()).del(this.#key(nameKeyOf(user.name)))) === 1;
    });
  }

  /** Goes through all keys of the server to find those of users. */
  list({ limit, cursor }: UserQuery): Promise<UserPage> {
    return translated('store_unavailable', async () => {
      const after = userCursor(cursor);
      const client = await this.#options.link.text();
      const start = this.#key('');
      const found: string[] = [];
      for await (const keys of client.scanIterator({ MATCH: `${start}*`, COUNT: 1000 })) found.push(...keys);
      const nameKeys = [...new Set(found)].map((key) => key.slice(start.length)).filter((key) => key > after);
      const shown = nameKeys.toSorted().slice(0, limit);
      const users = (await Promise.all(shown.map((nameKey) => this.#read(nameKey)))).filter(
        (user) => user !== undefined,
      );
      const last = shown.at(-1);
      return { users, ...(last !== undefined && nameKeys.length > limit ? { nextCursor: last } : {}) };
    });
  }

  #isDone(id: string, reply: unknown): boolean {
    const [found, done] = reply as readonly [string, number];
    this.#options.link.expectReplyAbout(id, found);
    return done === 1;
  }

  #read(nameKey: string): Promise<User | undefined> {
    return translated('store_unavailable', async () => {
      const { link } = this.#options;
      const fields = await (await link.text()).hGetAll(this.#key(nameKey));
      if (Object.keys(fields).length === 0) return undefined;
      const user = toUser(fields);
      link.expectReplyAbout(nameKey, nameKeyOfId(user.id));
      return user;
    });
  }

  #key(nameKey: string): string {
    return `${this.#options.prefix}:user:${nameKey}`;
  }
}

const toMutableFields = (user: User) => ({
  role: user.role,
  passwordHash: user.passwordHash,
  version: String(user.version),
  account: packAccount(user),
});

function toUser(fields: Readonly<Record<string, string>>): User {
  const { id, name, role, passwordHash, createdAt, version, account } = fields;
  const known = USER_ROLES.find((candidate) => candidate === role);
  if (!id || name === undefined || !known || passwordHash === undefined) {
    throw new ModelyardError('internal', 'A stored user cannot be read.');
  }
  const base = { id, name, role: known, passwordHash, createdAt: Number(createdAt), version: Number(version) };
  return { ...base, ...unpackAccount(account) };
}
