import { createHash } from 'node:crypto';
import { type Clock, identifyKey, looksLikeKey, memoize, type Principal, type UserStore } from '#core';
import { unauthenticated } from './principal-context.ts';
import type { IdentifyToken } from './tokens.ts';

/** Authenticates a caller by the `Authorization` header. Rejects with `unauthenticated`. */
export type Authenticator = (authorization: string | undefined) => Promise<Principal>;

interface AuthenticatorOptions {
  readonly users: UserStore;
  readonly clock: Clock;
  readonly identifyToken: IdentifyToken;
}

/** Cache time of an identity: the maximum delay until a disabled user or a deleted key is refused. */
const IDENTITY_AGE_MS = 25_000;
const MAX_CALLERS = 10_000;
/** Longer than any valid token. */
const MAX_LENGTH = 8192;
const BEARER = /^Bearer +([\w.~+/=-]+)$/i;

/** Whether no other text has the bytes of this token: base64 may end with padding, or with bits that say nothing. */
const isCanonical = (token: string): boolean =>
  token.split('.').every((part) => Buffer.from(part, 'base64url').toString('base64url') === part);

/** Accepts bearer tokens and API keys. */
export function createAuthenticator({ users, clock, identifyToken }: AuthenticatorOptions): Authenticator {
  const identified = memoize(
    async (_digest: string, secret: string) => {
      if (looksLikeKey(secret)) return identifyKey(users, clock, secret);
      return isCanonical(secret) ? identifyToken(secret) : undefined;
    },
    { maxEntries: MAX_CALLERS, maxAgeMs: IDENTITY_AGE_MS, clock },
  );

  return async function authenticate(authorization) {
    if (authorization === undefined) throw unauthenticated();
    const [, secret] = authorization.length <= MAX_LENGTH ? (BEARER.exec(authorization) ?? []) : [];
    if (secret === undefined) throw unauthenticated('The Authorization header must be a bearer token or an API key.');
    // The cache holds no secrets.
    const digest = createHash('sha256').update(secret).digest('base64url');
    const known = await identified(digest, secret);
    if (!known || known.expiresAt <= clock.now())
      throw unauthenticated('The token or key is invalid, expired or revoked.');
    return known.principal;
  };
}
