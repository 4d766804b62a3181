import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';
import Provider from 'oidc-provider';

export const AUDIENCE = 'urn:modelyard';
const CLIENTS = { ann: ['operator', 'other'], bob: 'none of ours', root: 'user admin' } as const;

export type ClientName = keyof typeof CLIENTS;

interface Forged {
  readonly key?: JWK;
  readonly kid?: string;
}

/** A real OpenID provider on this machine, whose clients get tokens for themselves. */
export interface OidcIssuer {
  readonly issuer: string;
  /** The keys that sign, the current one first. */
  readonly keys: readonly JWK[];
  tokenOf(client: ClientName): Promise<string>;
  /** A token of the provider's own key, but for what is forged. */
  forge(claims: Readonly<Record<string, unknown>>, by?: Forged): Promise<string>;
  /** Replaces all keys. */
  rotate(): Promise<void>;
  close(): void;
}

export async function aKey(kid: string, alg: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(privateKey)), kid, alg, use: 'sig' };
}

export async function startIssuer(): Promise<OidcIssuer> {
  let answer: ReturnType<Provider['callback']> | undefined;
  const server = createServer((request, response) => answer?.(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let keys: readonly JWK[] = [];

  async function useKeys(...names: readonly string[]): Promise<void> {
    const [first = '', second = ''] = names;
    keys = await Promise.all([aKey(first, 'ES256'), aKey(second, 'RS256')]);
    answer = createProvider(issuer, keys).callback();
  }

  await useKeys('first', 'second');
  return {
    issuer,
    get keys() {
      return keys;
    },
    async tokenOf(client) {
      const response = await fetch(`${issuer}/token`, {
        method: 'POST',
        headers: { Authorization: `Basic ${btoa(`${client}:secret`)}` },
        body: new URLSearchParams({ grant_type: 'client_credentials' }),
      });
      const { access_token: token } = (await response.json()) as { readonly access_token?: string };
      if (token === undefined) throw new Error(`The provider gave ${client} no token.`);
      return token;
    },
    async forge(claims, { key = keys[0] as JWK, kid = String(keys[0]?.kid) } = {}) {
      const now = Math.floor(Date.now() / 1000);
      const good = { iss: issuer, aud: AUDIENCE, sub: 'ann', iat: now, exp: now + 600 };
      const defined = Object.entries({ ...good, ...claims }).filter(([, value]) => value !== undefined);
      const alg = String(key.alg);
      return new SignJWT(Object.fromEntries(defined)).setProtectedHeader({ alg, kid }).sign(await importJWK(key, alg));
    },
    rotate: () => useKeys('third', 'fourth'),
    close: () => void server.close(),
  };
}

function createProvider(issuer: string, keys: readonly JWK[]): Provider {
  const info = { scope: 'api', audience: AUDIENCE, accessTokenFormat: 'jwt', accessTokenTTL: 600 };
  return new Provider(issuer, {
    jwks: { keys: [...keys] },
    clients: Object.keys(CLIENTS).map((id) => ({
      ...{ client_id: id, client_secret: 'secret', grant_types: ['client_credentials'] },
      ...{ redirect_uris: [], response_types: [] },
    })),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => AUDIENCE,
        getResourceServerInfo: () => ({ ...info, jwt: { sign: { alg: 'ES256' } } }),
      },
    },
    extraTokenClaims: (_: unknown, { clientId }: { readonly clientId: ClientName }) => ({
      roles: CLIENTS[clientId],
      realm: { access: { roles: CLIENTS[clientId] } },
      preferred_username: `${clientId}@example.com`,
    }),
  });
}
