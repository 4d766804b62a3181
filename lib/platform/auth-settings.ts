import { BlockList, isIP } from 'node:net';
import { AUTH_KINDS, type AuthKind, ModelyardError } from '#core';
import { ENV, readChoice, readOptional, readRequired } from './environment.ts';

/** Authentication and network settings of a gateway. */
export interface AuthSettings {
  readonly auth: AuthKind;
  /** Host names of the gateway besides those of the loopback interface; `*` is any. */
  readonly hosts: readonly string[];
  /** Whether anybody may register. */
  readonly registration: 'open' | 'closed';
  /** Addresses and networks of proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: BlockList;
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
  // With tokens, any host name is allowed: a page under another host name has no token.
  const hosts = auth === 'none' ? (readOptional(env, ENV.hosts)?.split(' ') ?? []) : ['*'];
  const registration = readChoice(env, ENV.registration, ['open', 'closed']);
  const trustedProxies = proxiesFrom(env);
  return { auth, hosts, registration, trustedProxies, ...(auth === 'oidc' ? { oidc: oidcFrom(env) } : {}) };
}

/** Addresses and networks such as `10.0.0.0/8`, separated by spaces. */
function proxiesFrom(env: NodeJS.ProcessEnv): BlockList {
  const list = new BlockList();
  for (const text of readOptional(env, ENV.trustedProxies)?.split(' ') ?? []) {
    const [address = '', bits] = text.split('/');
    const version = isIP(address);
    const longest = version === 6 ? 128 : 32;
    const length = bits === undefined ? longest : Number(bits || 'none');
    if (version === 0 || !Number.isInteger(length) || length < 0 || length > longest) {
      throw new ModelyardError(
        'internal',
        `The environment variable ${ENV.trustedProxies} must have addresses such as 10.0.0.7 or 10.0.0.0/8, not "${text}".`,
      );
    }
    list.addSubnet(address, length, version === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

/** The issuer of tokens. Throws one sentence for an address without TLS. */
export function oidcFrom(env: NodeJS.ProcessEnv): NonNullable<AuthSettings['oidc']> {
  const issuer = readRequired(env, ENV.oidcIssuer);
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname));
  if (!isSafe) {
    throw new ModelyardError('internal', `The environment variable ${ENV.oidcIssuer} must be a URL with https.`);
  }
  const roleClaim = readOptional(env, ENV.oidcRoleClaim) ?? 'roles';
  return { issuer, audience: readRequired(env, ENV.oidcAudience), roleClaim };
}
