import {
  ModelyardError,
  type NewUser,
  newUserId,
  placeOfId,
  placeOfName,
  USER_ROLES,
  type User,
  type UserStore,
  userOfId,
} from '#core';
import { translated } from '../errors.ts';
import { redisScript, runScript } from '../redis-script.ts';
import type { RedisStoreOptions } from '../tasks/redis-task-store.ts';

/** Keeps a new user where nobody is. KEYS: user. ARGV: fields. */
const CREATE_USER = redisScript(`
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV))
return 1
`);

/** Changes a user if the stored version is the one before. KEYS: user. ARGV: id, version before, fields that change. */
const UPDATE_USER = redisScript(`
local id, version = unpack(redis.call('HMGET', KEYS[1], 'id', 'version'))
if id ~= ARGV[1] or version ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV, 3))
return 1
`);

/** Users as hashes that never expire. */
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
      const call = { keys: [this.#key(placeOfName(name))], arguments: Object.entries(fields).flat() };
      return (await runScript(await this.#options.link.bytes(), CREATE_USER, call)) === 1 ? kept : undefined;
    });
  }

  get(id: string): Promise<User | undefined> {
    return userOfId(id, (place) => this.#read(place));
  }

  findByName(name: string): Promise<User | undefined> {
    return this.#read(placeOfName(name));
  }

  async update(user: User): Promise<boolean> {
    const place = placeOfId(user.id);
    if (place === undefined) return false;
    return translated('store_unavailable', async () => {
      const fields = Object.entries(toMutableFields(user)).flat();
      const call = { keys: [this.#key(place)], arguments: [user.id, String(user.version - 1), ...fields] };
      return (await runScript(await this.#options.link.bytes(), UPDATE_USER, call)) === 1;
    });
  }

  #read(place: string): Promise<User | undefined> {
    return translated('store_unavailable', async () => {
      const fields = await (await this.#options.link.text()).hGetAll(this.#key(place));
      return Object.keys(fields).length === 0 ? undefined : toUser(fields);
    });
  }

  #key(place: string): string {
    return `${this.#options.prefix}:user:${place}`;
  }
}

const toMutableFields = ({ role, passwordHash, version }: User) => ({ role, passwordHash, version: String(version) });

function toUser({ id, name, role, passwordHash, createdAt, version }: Readonly<Record<string, string>>): User {
  const known = USER_ROLES.find((candidate) => candidate === role);
  if (!id || name === undefined || !known || passwordHash === undefined) {
    throw new ModelyardError('internal', 'A stored user cannot be read.');
  }
  return { id, name, role: known, passwordHash, createdAt: Number(createdAt), version: Number(version) };
}
