import type { IncomingMessage } from 'node:http';
import {
  createRouter,
  type HandlerName,
  METHODS,
  type Method,
  type ProxyHandler,
  type ProxyResult,
  type Route,
  unroutedAnswer,
} from '#api';
import type { Logger } from '#core';
import { readBody } from './bridge-body.ts';
import { toProxyEvent } from './bridge-event.ts';
import { invoke } from './bridge-invoke.ts';
import { type BridgeLimits, BridgeServer, type Exchange, type HttpServer } from './bridge-server.ts';
import { createGuard, type GuardOptions, requireBodyType } from './request-guard.ts';

export interface BridgeOptions {
  readonly routes: readonly Route[];
  readonly handlers: Readonly<Record<HandlerName, ProxyHandler>>;
  readonly logger: Logger;
  readonly limits?: Partial<BridgeLimits>;
  /** @default requests to this machine only, and from no other origin */
  readonly guard?: GuardOptions;
}

/** The limits of API Gateway, where it has one. */
const DEFAULT_LIMITS: BridgeLimits = { integrationMs: 29_000, headersMs: 10_000, requestMs: 30_000, graceMs: 10_000 };

/** Serves Lambda handlers over HTTP like a REST API of API Gateway. */
export function createBridge({ routes, handlers, logger, limits: given, guard = {} }: BridgeOptions): HttpServer {
  const limits = { ...DEFAULT_LIMITS, ...given };
  const matchPath = createRouter(routes);
  const refuseForeign = createGuard(guard);

  async function answer(request: IncomingMessage, exchange: Exchange): Promise<ProxyResult> {
    refuseForeign(request);
    const matches = matchPath(exchange.path);
    const method = routedMethod(request.method);
    const match = method && matches.get(method);
    if (!match) return unroutedAnswer(request.method, exchange.path, [...matches.keys()]);
    const body = await readBody(request);
    if (body.byteLength > 0 && method === 'POST') requireBodyType(request);
    const event = toProxyEvent({ ...exchange, ...match, rawHeaders: request.rawHeaders, body });
    const name = match.route.handler;
    const { requestId, wait } = exchange;
    return invoke({ name, handler: handlers[name], event, requestId, timeoutMs: limits.integrationMs, wait, logger });
  }

  return new BridgeServer({ answer, logger, limits });
}

/** HEAD is handled as GET, without its body. */
const routedMethod = (method = ''): Method | undefined =>
  METHODS.find((known) => known === (method === 'HEAD' ? 'GET' : method));
