import { hash } from 'node:crypto';
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose';
import {
  type Clock,
  changeUser,
  type KnownCaller,
  ModelyardError,
  memoize,
  principalFor,
  USER_ROLES,
  type User,
  type UserRole,
  type UserStore,
  unavailable,
} from '#core';
import type { IdentifyToken } from './tokens.ts';

interface OidcSettings {
  /** For example `https://login.example.com/realms/main`, exactly as in the tokens. */
  readonly issuer: string;
  /** The audience of the tokens: their `aud`, or the `client_id` of tokens without one. */
  readonly audience: string;
  /** The claim with the role or a list of roles; dots lead into objects: `realm_access.roles`. */
  readonly roleClaim: string;
}

interface OidcOptions extends OidcSettings {
  readonly users: UserStore;
  readonly clock: Clock;
}

/** Asymmetric algorithms only: with a symmetric one, every verifier could sign. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
const CLOCK_TOLERANCE_SECONDS = 30;
const TIMEOUT_MS = 5000;
const KEYS = { timeoutDuration: TIMEOUT_MS, cacheMaxAge: 600_000, cooldownDuration: 5_000 } as const;
/** Errors of jose that mean that the issuer does not respond, or with something else. */
const AWAY: readonly string[] = ['ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID', 'ERR_JOSE_GENERIC'];
/** The claims of OpenID Connect Core have at most this length. */
const MAX_NAME_LENGTH = 255;

/**
 * Finds the user of a token of an OpenID Connect issuer. Its keys are read by discovery, cached, and read again when a
 * token names an unknown one. A user is added at the first token, so that it can be disabled and have API keys.
 */
export function createOidcCheck({ users, clock, ...settings }: OidcOptions): IdentifyToken {
  const keys = memoize(discoverKeys, { maxEntries: 1 });

  async function verified(token: string): Promise<JWTPayload | undefined> {
    try {
      const { payload } = await jwtVerify(token, await keys(settings.issuer), {
        ...{ algorithms: ALGORITHMS, issuer: settings.issuer, requiredClaims: ['sub', 'exp'] },
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        currentDate: new Date(clock.now()),
      });
      // Security events, for example of a logout, have the same issuer and audience (RFC 8417).
      return isFor(payload, settings.audience) && payload.events === undefined ? payload : undefined;
    } catch (error) {
      if (error instanceof errors.JOSEError && !AWAY.includes(error.code)) return undefined;
      throw error instanceof ModelyardError ? error : away(error);
    }
  }

  return async function identifyToken(token): Promise<KnownCaller | undefined> {
    const claims = await verified(token);
    if (!isName(claims?.sub) || claims?.exp === undefined) return undefined;
    const role = roleOf(claims, settings.roleClaim);
    const user = await knownUser(users, clock, { subject: claims.sub, issuer: settings.issuer, role });
    if (user.isDisabled) return undefined;
    return { principal: { ...principalFor(user), name: nameOf(claims), role }, expiresAt: claims.exp * 1000 };
  };
}

async function discoverKeys(issuer: string) {
  const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  try {
    const response = await fetch(address, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const document = (await response.json()) as { readonly issuer?: unknown; readonly jwks_uri?: unknown };
    if (document.issuer !== issuer) throw new Error(`${address} is about another issuer.`);
    return createRemoteJWKSet(new URL(String(document.jwks_uri)), KEYS);
  } catch (error) {
    throw away(error);
  }
}

const away = (cause: unknown): ModelyardError =>
  unavailable('store_unavailable', 'The issuer of the tokens cannot be reached.', cause);

function isFor({ aud, client_id: client }: JWTPayload, audience: string): boolean {
  return aud === undefined ? client === audience : [aud].flat().includes(audience);
}

/** The role with the most rights that the claim contains; `user` if it contains no known role. */
function roleOf(claims: JWTPayload, path: string): UserRole {
  // A claim with exactly this name has priority, because Auth0 uses URLs as names.
  const value = Object.hasOwn(claims, path)
    ? claims[path]
    : path.split('.').reduce<unknown>((at, name) => (isObject(at) ? at[name] : undefined), claims);
  const named = typeof value === 'string' ? value.split(' ') : Array.isArray(value) ? value : [];
  return USER_ROLES.findLast((role) => named.includes(role)) ?? 'user';
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

const nameOf = ({ preferred_username: name, email, sub = '' }: JWTPayload): string => [name, email].find(isName) ?? sub;

/** jose checks the types of times only. Stores do not take all control characters. */
const isName = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= MAX_NAME_LENGTH && !/[\p{Cc}\p{Cs}]/u.test(value);

interface Subject extends Pick<User, 'role'> {
  readonly subject: string;
  readonly issuer: string;
}

/** The stored user, with the role from the issuer. */
async function knownUser(users: UserStore, clock: Clock, { subject, issuer, role }: Subject): Promise<User> {
  // Names of users are equal in either case, subjects are not: the second one of such a name gets a hash.
  for (const exact of [subject, `${subject} #${hash('sha256', subject)}`]) {
    const name = `${exact} at ${issuer}`;
    const user =
      (await users.findByName(name)) ??
      (await users.create({ name, role, passwordHash: '', createdAt: clock.now() })) ??
      // Another request was faster.
      (await users.findByName(name));
    if (user?.name !== name) continue;
    if (user.role === role) return user;
    return (await changeUser({ users, clock }, user.id, (current) => ({ ...current, role }))) ?? user;
  }
  throw new ModelyardError('store_unavailable', 'The user cannot be stored now.', { retryable: true });
}
