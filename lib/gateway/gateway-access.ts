import type { Authenticator } from '#api';
import { type Accounts, createAccounts, type KeyRing, ModelyardError, type ScryptCost, type UserStore } from '#core';
import type { AuthSettings } from '#platform/auth-settings.ts';
import type { FullPlatform } from '#platform/platform.ts';

/** How a gateway authenticates callers. Empty with `AUTH=none`. */
export interface GatewayAccess {
  readonly authenticate?: Authenticator;
  /** Users with passwords. */
  readonly accounts?: Accounts;
  /** Users with API keys. */
  readonly users?: UserStore;
}

interface AccessOptions {
  readonly settings: AuthSettings;
  readonly platform: Pick<FullPlatform, 'users' | 'clock'>;
  /** Of passwords. @default what OWASP recommends */
  readonly cost?: ScryptCost;
  /** The keys that sign tokens. */
  readonly openKeys: () => Promise<() => Promise<KeyRing>>;
}

/** Loads the parts that sign and verify tokens. Rejects when users or keys cannot be read. */
export async function createAccess({ settings, platform, openKeys, cost }: AccessOptions): Promise<GatewayAccess> {
  const { auth, registration } = settings;
  if (auth === 'none') return {};
  const { users, clock } = platform;
  // A gateway that cannot read its users does not start.
  await users.list({ limit: 1 });
  const { createAuthenticator } = await import('#api/auth/authenticator.ts');
  if (settings.oidc) {
    const { createOidcCheck } = await import('#api/auth/oidc.ts');
    const identifyToken = createOidcCheck({ users, clock, ...settings.oidc });
    return { users, authenticate: createAuthenticator({ users, clock, identifyToken }) };
  }
  const { createSigner, createTokenCheck } = await import('#api/auth/tokens.ts');
  const loadKeys = await openKeys();
  const identifyToken = createTokenCheck({ users, clock, loadKeys });
  return {
    users,
    authenticate: createAuthenticator({ users, clock, identifyToken }),
    accounts: createAccounts({
      ...{ users, clock, registration, signer: createSigner({ clock, loadKeys }) },
      ...(cost ? { cost } : {}),
    }),
  };
}

/** Requests wait until authentication is set up. */
export const lateAuthenticator =
  (ready: Promise<Authenticator | undefined>): Authenticator =>
  async (authorization) => {
    const authenticate = await ready;
    if (!authenticate) throw new ModelyardError('gateway_timeout', 'The system stopped before it was ready.');
    return authenticate(authorization);
  };
