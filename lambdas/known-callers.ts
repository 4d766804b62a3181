import type { HandlerDeps } from '#api';
import { type Authenticator, createAuthenticator } from '#api/auth/authenticator.ts';
import { createSigner, createTokenCheck, type IdentifyToken } from '#api/auth/tokens.ts';
import { createAccounts, createSharedLoginBrake, UsageLedger } from '#core';
import { type AwsUsers, awsUsersFrom } from '#platform/aws-users.ts';

/** Verifies callers on AWS with the code of the gateway. Undefined with `AUTH=none`. */
export function awsAuthenticator(env: NodeJS.ProcessEnv): Authenticator | undefined {
  const known = awsUsersFrom(env);
  return known && createAuthenticator({ ...known, identifyToken: tokenCheckOf(known) });
}

/** The users of a stage, and accounts if it has passwords. Empty with `AUTH=none`. */
export function awsAccounts(env: NodeJS.ProcessEnv): Pick<HandlerDeps, 'users' | 'accounts'> {
  const known = awsUsersFrom(env);
  if (!known) return {};
  const { users, usage, clock, registration, loadKeys } = known;
  if (!loadKeys) return { users };
  const brake = createSharedLoginBrake(new UsageLedger(usage, clock), clock);
  const signer = createSigner({ clock, loadKeys });
  return { users, accounts: createAccounts({ users, clock, registration, signer, brake }) };
}

function tokenCheckOf({ users, clock, loadKeys, oidc }: AwsUsers): IdentifyToken {
  if (loadKeys) return createTokenCheck({ users, clock, loadKeys });
  // Most stages sign their tokens themselves.
  let check: IdentifyToken | undefined;
  return async function identifyToken(token) {
    const { createOidcCheck } = await import('#api/auth/oidc.ts');
    check ??= createOidcCheck({ users, clock, ...oidc });
    return check(token);
  };
}
