import { importJWK, jwtVerify, SignJWT } from 'jose';
import {
  type Clock,
  KEY_RING_AGE_MS,
  type KeyRing,
  type KnownCaller,
  memoize,
  principalFor,
  signingKeyOf,
  type TokenSigner,
  type UserStore,
  verifyingKeysOf,
} from '#core';

const ISSUER = 'modelyard';
const AUDIENCE = 'modelyard-api';
const ALGORITHM = 'EdDSA';
/** The type of access tokens (RFC 9068). Other tokens that the same keys sign are refused. */
const TYPE = 'at+jwt';
const LIFETIME_SECONDS = 900;
/** Clocks of several gateways differ a little. */
const CLOCK_TOLERANCE_SECONDS = 5;

interface TokenOptions {
  readonly loadKeys: () => Promise<KeyRing>;
  readonly clock: Clock;
}

/** The ring as read at most a minute ago. */
const cachedRing = ({ loadKeys, clock }: TokenOptions): (() => Promise<KeyRing>) => {
  const cached = memoize(() => loadKeys(), { maxEntries: 1, maxAgeMs: KEY_RING_AGE_MS, clock });
  return () => cached('ring');
};

/** Signs access tokens of 15 minutes with the current key of the ring. */
export function createSigner(options: TokenOptions): TokenSigner {
  const ring = cachedRing(options);
  return {
    async sign({ id }) {
      const nowMs = options.clock.now();
      const key = signingKeyOf(await ring(), nowMs);
      const now = Math.floor(nowMs / 1000);
      const token = await new SignJWT()
        .setProtectedHeader({ alg: ALGORITHM, kid: key.kid, typ: TYPE })
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setSubject(id)
        .setIssuedAt(now)
        .setNotBefore(now)
        .setExpirationTime(now + LIFETIME_SECONDS)
        .sign(await importJWK(key, ALGORITHM));
      return { token, expiresInSeconds: LIFETIME_SECONDS };
    },
  };
}

export type IdentifyToken = (token: string) => Promise<KnownCaller | undefined>;

/** Finds the user of an access token. Role and state are those of the stored user, not those at the login. */
export function createTokenCheck({ users, ...options }: TokenOptions & { readonly users: UserStore }): IdentifyToken {
  const ring = cachedRing(options);

  return async function identifyToken(token) {
    const keys = verifyingKeysOf(await ring(), options.clock.now());
    const verified = await jwtVerify(
      token,
      async ({ kid }) => {
        const key = keys.find((known) => known.kid === kid);
        if (!key) throw new Error('The key is unknown.');
        // Only the public half, so that verifiers cannot sign.
        return importJWK({ kty: 'OKP', crv: 'Ed25519', x: String(key.x) }, ALGORITHM);
      },
      {
        ...{ algorithms: [ALGORITHM], issuer: ISSUER, audience: AUDIENCE, typ: TYPE },
        requiredClaims: ['sub', 'exp', 'iat', 'nbf'],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        currentDate: new Date(options.clock.now()),
      },
    ).catch(() => undefined);
    if (!verified) return undefined;
    const { sub = '', exp = 0 } = verified.payload;
    const user = await users.get(sub);
    if (!user || user.isDisabled) return undefined;
    return { principal: principalFor(user), expiresAt: exp * 1000 };
  };
}
