import { BlockList } from 'node:net';
import { onTestFinished } from 'vitest';
import { ALL_ROUTES, createHandlerDeps } from '#api';
import { type Clock, hashPassword, type Logger, newKeyRing, type User, type UserRole } from '#core';
import { createBridge } from '#gateway/bridge.ts';
import { openCallLog } from '#gateway/call-log.ts';
import { createAccess } from '#gateway/gateway-access.ts';
import { createHandlers } from '#gateway/handlers.ts';
import { createUserLimiter } from '#gateway/user-limits.ts';
import { createMemoryPlatform } from '#platform/memory.ts';
import type { FullPlatform } from '#platform/platform.ts';
import { silentLogger } from '#test/support/silent-logger.ts';

/** Fast enough for many logins. */
const CHEAP = { ln: 4, r: 8, p: 1 };
export const PASSWORD = 'a long sentence';

interface Asked {
  readonly method?: string;
  readonly token?: string | undefined;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Options {
  readonly registration?: 'open' | 'closed';
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** @default a new one in memory */
  readonly platform?: FullPlatform;
}

/** A gateway with `AUTH=jwt` on the memory platform. */
export async function startGateway({ registration = 'open', clock, logger = silentLogger, ...given }: Options = {}) {
  const platform = given.platform ?? createMemoryPlatform({ pollMs: 100, ...(clock ? { clock } : {}) });
  const ring = newKeyRing();
  const trustedProxies = new BlockList();
  trustedProxies.addAddress('127.0.0.1');
  const settings = { auth: 'jwt', hosts: ['*'], registration, trustedProxies } as const;
  const access = await createAccess({ settings, platform, openKeys: async () => async () => ring, cost: CHEAP });
  const callLog = openCallLog(platform, logger);
  const limiter = createUserLimiter(platform);
  const deps = createHandlerDeps({ platform, logger, auth: 'jwt', ...access, ...callLog.deps, ...limiter.deps });
  const bridge = createBridge({
    ...{ routes: ALL_ROUTES, handlers: createHandlers(deps), logger, guard: settings },
    authenticate: access.authenticate,
    enter: limiter.enter,
    ...(callLog.record ? { record: callLog.record } : {}),
  });
  const { url } = await bridge.listen(0, '127.0.0.1');
  onTestFinished(async () => {
    await bridge.close();
    await callLog.stop();
    if (!given.platform) await platform.close();
  });

  async function ask(path: string, { method, token, body, headers = {} }: Asked = {}) {
    const isText = typeof body === 'string';
    const response = await fetch(`${url}${path}`, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: {
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
        ...(body === undefined || isText ? {} : { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: isText ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '') && text !== '';
    return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : {} };
  }

  return {
    platform,
    url,
    ask,
    /** Adds a user without a request. */
    async add(name: string, role: UserRole = 'user'): Promise<User> {
      const passwordHash = await hashPassword(PASSWORD, CHEAP);
      const user = await platform.users.create({ name, role, passwordHash, createdAt: platform.clock.now() });
      if (!user) throw new Error(`The name ${name} is taken.`);
      return user;
    },
    /** Resolves with an access token. */
    async login(name: string, password = PASSWORD): Promise<string> {
      const { json } = await ask('/login', { body: { username: name, password } });
      return json.access_token;
    },
  };
}
