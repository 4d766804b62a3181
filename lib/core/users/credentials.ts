import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { type Backoff, backoffMs } from '../backoff.ts';
import type { Clock } from '../clock.ts';
import { ModelyardError } from '../errors.ts';
import type { Credential, User } from './user.ts';
import type { UserStore } from './user-store.ts';

/** First characters of a secret, for secret scanners: API keys and refresh tokens. */
const PREFIX = { key: 'mdy', session: 'mdr' } as const satisfies Record<Credential['kind'], string>;
const SECRET = /^(mdy|mdr)_([\w-]{32})([\w-]{8})_([\w-]{43})([0-9a-f]{8})$/;
const MAX_PER_KIND = 20;
const MAX_CONFLICTS = 20;
const BACKOFF: Backoff = { baseMs: 5, maxMs: 200 };

/** A secret as its holder sends it: `mdy_<user and id>_<random><checksum>`. */
export interface IssuedSecret {
  readonly id: string;
  /** Shown once. */
  readonly text: string;
  /** The stored form. */
  readonly hash: string;
}

/** Makes a secret of 256 random bits for a user; with an id, another one for the same credential. */
export function issueSecret(kind: Credential['kind'], userId: string, known?: string): IssuedSecret {
  const id = known ?? randomBytes(6).toString('base64url');
  const random = randomBytes(32).toString('base64url');
  const body = `${PREFIX[kind]}_${userId}${id}_${random}`;
  return { id, text: `${body}${checksum(body)}`, hash: digest(random) };
}

interface ParsedSecret {
  readonly userId: string;
  readonly id: string;
  readonly hash: string;
}

/** Reads a secret. Undefined for any other text. The checksum detects mistyped secrets without a read of the store. */
export function parseSecret(kind: Credential['kind'], text: string): ParsedSecret | undefined {
  const [, prefix, userId = '', id = '', random = '', sum] = SECRET.exec(text) ?? [];
  if (prefix !== PREFIX[kind] || sum !== checksum(text.slice(0, -8))) return undefined;
  return { userId, id, hash: digest(random) };
}

export const looksLikeKey = (text: string): boolean => text.startsWith(`${PREFIX.key}_`);

/** The beginning of a credential's secret, to recognise it by. */
export const secretPrefix = ({ kind, id }: Credential, userId: string): string =>
  `${PREFIX[kind]}_${userId.slice(0, 4)}…${id}`;

/** The user's credential of this id and secret. Undefined when it is revoked, expired or another one. */
export function matchCredential(user: User, parsed: ParsedSecret, now: number): Credential | undefined {
  const credential = user.credentials?.find(({ id }) => id === parsed.id);
  if (!credential || user.isDisabled || credential.expiresAt <= now) return undefined;
  const [stored, given] = [Buffer.from(credential.hash), Buffer.from(parsed.hash)];
  return stored.length === given.length && timingSafeEqual(stored, given) ? credential : undefined;
}

/** The user with one more credential, without those that have expired and without the oldest sessions beyond 20. */
export function withCredential(user: User, added: Credential, now: number): User {
  const kept = (user.credentials ?? []).filter(({ id, expiresAt }) => expiresAt > now && id !== added.id);
  const same = kept.filter(({ kind }) => kind === added.kind);
  if (added.kind === 'key' && same.length >= MAX_PER_KIND) {
    throw new ModelyardError('invalid_request', `A user may have ${MAX_PER_KIND} keys. Delete one first.`);
  }
  const surplus = new Set(same.slice(0, Math.max(0, same.length + 1 - MAX_PER_KIND)));
  return { ...user, credentials: [...kept.filter((credential) => !surplus.has(credential)), added] };
}

export const withoutCredential = (user: User, id: string): User => ({
  ...user,
  credentials: (user.credentials ?? []).filter((credential) => credential.id !== id),
});

/**
 * Changes a user, repeatedly if a concurrent writer was faster. `change` returns undefined to leave the user alone.
 * Resolves with the user as stored, or with undefined when nothing was changed. Rejects with `user_not_found`.
 */
export async function changeUser(
  { users, clock }: { readonly users: UserStore; readonly clock: Clock },
  id: string,
  change: (user: User) => User | undefined,
): Promise<User | undefined> {
  for (let conflicts = 1; conflicts <= MAX_CONFLICTS; conflicts++) {
    const user = await users.get(id);
    if (!user) throw new ModelyardError('user_not_found', 'There is no such user.');
    const changed = change(user);
    if (!changed) return undefined;
    const next = { ...changed, version: user.version + 1 };
    if (await users.update(next)) return next;
    await clock.sleep(Math.ceil(backoffMs(BACKOFF, conflicts)));
  }
  throw new ModelyardError('store_unavailable', 'Too many changes of this user at once.', { retryable: true });
}

const digest = (text: string): string => createHash('sha256').update(text).digest('base64url');
const checksum = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8);
