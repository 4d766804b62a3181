import { createClient } from 'redis';
import { ModelyardError, nameKeyOf, nameKeyOfId, USER_ROLES, type User, unavailable, unpackAccount } from '#core';

/** Where an earlier build kept its users: as hashes in Redis. */
export interface EarlierUsers {
  /** For example `redis://user:password@host:6379/0`. */
  readonly url: string;
  /** First part of all keys. @default 'modelyard' */
  readonly prefix?: string;
}

const CONNECT_MS = 5_000;

/** The users that an earlier build kept in Redis. Rejects with one sentence. */
export async function* readEarlierUsers({ url, prefix = 'modelyard' }: EarlierUsers): AsyncGenerator<User> {
  const client = createClient({ url, socket: { connectTimeout: CONNECT_MS, reconnectStrategy: false } });
  // Rejections tell the same.
  client.on('error', () => undefined);
  try {
    await client.connect();
    for await (const keys of client.scanIterator({ MATCH: `${escaped(prefix)}:user:*`, COUNT: 1000 })) {
      for (const key of keys) yield toUser(await client.hGetAll(key));
    }
  } catch (error) {
    throw error instanceof ModelyardError
      ? error
      : unavailable('store_unavailable', 'Redis cannot be read. Check the URL.', error);
  } finally {
    if (client.isOpen) client.destroy();
  }
}

/** Patterns of Redis have special characters. */
const escaped = (text: string): string => text.replaceAll(/[*?[\]\\^-]/g, (character) => `\\${character}`);

function toUser(fields: Readonly<Record<string, string>>): User {
  const { id = '', name = '', role, passwordHash, createdAt, version, account } = fields;
  const known = USER_ROLES.find((candidate) => candidate === role);
  if (nameKeyOfId(id) !== nameKeyOf(name) || !known || passwordHash === undefined) {
    throw new ModelyardError('internal', 'A user in Redis cannot be read.');
  }
  const base = { id, name, role: known, passwordHash, createdAt: Number(createdAt), version: Number(version) };
  return { ...base, ...unpackAccount(account) };
}
