import { AUTH_KINDS, type AuthKind, ModelyardError } from '#core';
import { ENV, readChoice, readOptional, readRequired } from './environment.ts';

/** Who may send requests to a gateway. */
export interface AuthSettings {
  readonly auth: AuthKind;
  /** Host names of the gateway besides those of the loopback interface; `*` is any. */
  readonly hosts: readonly string[];
  /** Whether strangers may register. */
  readonly registration: 'open' | 'closed';
  /** The issuer of tokens, with `AUTH=oidc`. */
  readonly oidc?: { readonly issuer: string; readonly audience: string; readonly roleClaim: string };
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/;

/**
 * Reads `AUTH` for a gateway that listens at `host`. `BIND` is the address at which a container is published. Without
 * authentication, only this machine may reach the gateway. Throws one sentence that says what to set.
 */
export function authSettingsFrom(env: NodeJS.ProcessEnv, host: string): AuthSettings {
  const address = readOptional(env, ENV.bind) ?? host;
  const isLocal = LOOPBACK.test(address);
  const auth = readChoice(env, ENV.auth, isLocal ? AUTH_KINDS : ['jwt', 'oidc', 'none']);
  if (auth === 'none' && !isLocal) {
    throw new ModelyardError(
      'internal',
      `Others can reach ${address}, so ${ENV.auth}=none is not allowed there: set ${ENV.auth}=jwt, or ${ENV.bind}=127.0.0.1 where the port is published to this machine only.`,
    );
  }
  // Tokens protect against other pages: a page under another host name has none.
  const hosts = auth === 'none' ? (readOptional(env, ENV.hosts)?.split(' ') ?? []) : ['*'];
  const registration = readChoice(env, ENV.registration, ['open', 'closed']);
  return { auth, hosts, registration, ...(auth === 'oidc' ? { oidc: oidcFrom(env) } : {}) };
}

function oidcFrom(env: NodeJS.ProcessEnv) {
  const issuer = readRequired(env, ENV.oidcIssuer);
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname));
  if (!isSafe) {
    throw new ModelyardError('internal', `The environment variable ${ENV.oidcIssuer} must be a URL with https.`);
  }
  const roleClaim = readOptional(env, ENV.oidcRoleClaim) ?? 'roles';
  return { issuer, audience: readRequired(env, ENV.oidcAudience), roleClaim };
}
