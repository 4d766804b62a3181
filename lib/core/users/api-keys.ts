import { type Clock, DAY_MS } from '../clock.ts';
import { ModelyardError } from '../errors.ts';
import {
  changeUser,
  issueSecret,
  matchCredential,
  parseSecret,
  withCredential,
  withoutCredential,
} from './credentials.ts';
import { type Principal, principalFor, type Scope } from './principal.ts';
import type { Credential, User } from './user.ts';
import type { UserStore } from './user-store.ts';

/** The properties of a new key. */
export interface KeyRequest {
  readonly name: string;
  /** 1 to 3650. @default 90 */
  readonly expiresInDays?: number;
  /** @default everything that the role may do */
  readonly scopes?: readonly Scope[];
  /** @default all models */
  readonly models?: readonly string[];
}

export const DEFAULT_KEY_DAYS = 90;
export const MAX_KEY_DAYS = 3650;
/** The time of the last use is written at most this often. */
const USE_RECORDED_EVERY_MS = 3_600_000;

/** Creates a key and shows its secret, once. Rejects with `user_not_found` and, above 20 keys, `invalid_request`. */
export async function createKey(
  users: UserStore,
  clock: Clock,
  { userId, name, expiresInDays = DEFAULT_KEY_DAYS, scopes, models }: KeyRequest & { readonly userId: string },
): Promise<{ readonly key: Credential; readonly secret: string }> {
  const { id, text, hash } = issueSecret('key', userId);
  const now = clock.now();
  const key: Credential = {
    ...{ id, kind: 'key', name, hash, createdAt: now, expiresAt: now + expiresInDays * DAY_MS },
    ...(scopes ? { scopes } : {}),
    ...(models ? { models } : {}),
  };
  await changeUser({ users, clock }, userId, (user) => withCredential(user, key, now));
  return { key, secret: text };
}

/** The keys of a user, including recently expired ones. */
export const keysOf = ({ credentials = [] }: User): readonly Credential[] =>
  credentials.filter(({ kind }) => kind === 'key');

/** Deletes a key. Rejects with `key_not_found`. */
export async function revokeKey(
  deps: { readonly users: UserStore; readonly clock: Clock },
  userId: string,
  id: string,
): Promise<void> {
  const changed = await changeUser(deps, userId, (user) =>
    keysOf(user).some((key) => key.id === id) ? withoutCredential(user, id) : undefined,
  );
  if (!changed) throw new ModelyardError('key_not_found', 'There is no such key.');
}

export interface KnownCaller {
  readonly principal: Principal;
  /** Unix milliseconds. */
  readonly expiresAt: number;
}

/** The user and limits of a key. Undefined for a key that is unknown, revoked or expired, or whose user is disabled. */
export async function identifyKey(users: UserStore, clock: Clock, text: string): Promise<KnownCaller | undefined> {
  const parsed = parseSecret('key', text);
  const user = parsed && (await users.get(parsed.userId));
  if (!user) return undefined;
  const now = clock.now();
  const key = matchCredential(user, parsed, now);
  if (key?.kind !== 'key') return undefined;
  const { id, scopes, models, expiresAt, lastUsedAt = 0 } = key;
  if (now - lastUsedAt > USE_RECORDED_EVERY_MS) await recordUse(users, user, key, now);
  const narrowed = { ...(scopes ? { scopes } : {}), ...(models ? { models } : {}) };
  return { principal: { ...principalFor(user), key: id, ...narrowed }, expiresAt };
}

/** The key is valid whether or not its use can be recorded now. */
async function recordUse(users: UserStore, user: User, used: Credential, now: number): Promise<void> {
  const credentials = user.credentials?.map((key) => (key.id === used.id ? { ...key, lastUsedAt: now } : key)) ?? [];
  await users.update({ ...user, credentials, version: user.version + 1 }).catch(() => false);
}
