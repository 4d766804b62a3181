import { ALL_ROUTES, createHandlerDeps, createRouter, type Method, type ProxyContext } from '#api';
import { createAuthenticator } from '#api/auth/authenticator.ts';
import { createSigner, createTokenCheck } from '#api/auth/tokens.ts';
import { createAccounts, eraseUser, hashPassword, newKeyRing, type UserRole } from '#core';
import { createHandlers } from '#gateway/handlers.ts';
import { createHandler as createAuthorizer } from '#lambdas/authorize-caller/handler.ts';
import type { FullPlatform } from '#platform/platform.ts';
import type { System } from '#test/contracts/every-route.contract.ts';
import { silentLogger as logger } from '#test/support/silent-logger.ts';

const API = 'arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/v1';

/** The handlers of a stage with `AUTH=jwt` behind its authorizer, called as a REST API of API Gateway calls them. */
export function openStage(platform: FullPlatform): System {
  const { users, calls, clock } = platform;
  const ring = newKeyRing();
  const tokens = { clock, loadKeys: async () => ring };
  const identifyToken = createTokenCheck({ users, ...tokens });
  const authorize = createAuthorizer({ authenticate: createAuthenticator({ users, clock, identifyToken }), logger });
  const known = {
    ...{ users, calls, accounts: createAccounts({ users, clock, registration: 'open', signer: createSigner(tokens) }) },
    eraseUser: (id: string) => eraseUser(platform, id),
  };
  const handlers = createHandlers(createHandlerDeps({ platform, logger, auth: 'jwt', ...known }));
  const matchPath = createRouter(ALL_ROUTES);

  /** What the authorizer says of a caller. Undefined: API Gateway answers 401. */
  async function contextOf(token: string | undefined, target: string) {
    const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    const verdict = await authorize({ headers, methodArn: `${API}/${target}` }).catch((error: Error) => {
      if (error.message !== 'Unauthorized') throw error;
    });
    return verdict && 'principalId' in verdict ? { ...verdict.context, principalId: verdict.principalId } : undefined;
  }

  return {
    platform,
    async ask(path, { method, token, body, headers }) {
      const { pathname, searchParams } = new URL(path, 'http://stage');
      const match = matchPath(pathname).get(method as Method);
      if (!match) return { status: 404, text: '' };
      const { route, params } = match;
      const isOpen = route.role === 'public';
      const authorizer = isOpen ? null : await contextOf(token, `${method}${pathname}`);
      if (authorizer === undefined) return { status: 401, text: '' };
      const result = await handlers[route.handler](
        {
          ...{ httpMethod: method, resource: route.path, path: pathname, pathParameters: params },
          queryStringParameters: Object.fromEntries(searchParams),
          headers: { 'Content-Type': 'application/json', ...headers },
          body: body === undefined ? null : JSON.stringify(body),
          requestContext: { authorizer },
        },
        { awsRequestId: crypto.randomUUID(), getRemainingTimeInMillis: () => 28_000 } as unknown as ProxyContext,
      );
      return { status: result.statusCode, text: result.body };
    },
    async add(name: string, role: UserRole) {
      const passwordHash = await hashPassword('a long sentence', { ln: 4, r: 8, p: 1 });
      const user = await users.create({ name, role, passwordHash, createdAt: clock.now() });
      if (!user) throw new Error(`The name ${name} is taken.`);
      return user;
    },
    async login(name) {
      const user = await users.findByName(name);
      if (!user) throw new Error(`There is no ${name}.`);
      return (await createSigner(tokens).sign(user)).token;
    },
  };
}
