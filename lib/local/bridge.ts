import type { IncomingMessage } from 'node:http';
import {
  type HandlerName,
  METHODS,
  type Method,
  type ProxyHandler,
  type ProxyResult,
  problemResponse,
  type Route,
} from '#api';
import { type Logger, ModelyardError } from '#core';
import { readBody } from './bridge-body.ts';
import { toProxyEvent } from './bridge-event.ts';
import { invoke } from './bridge-invoke.ts';
import { createRouter, type MatchesByMethod } from './bridge-routes.ts';
import { type BridgeLimits, BridgeServer, type Exchange, type HttpServer } from './bridge-server.ts';

export interface BridgeOptions {
  readonly routes: readonly Route[];
  readonly handlers: Readonly<Record<HandlerName, ProxyHandler>>;
  readonly logger: Logger;
  readonly limits?: Partial<BridgeLimits>;
}

/** API Gateway's own, where it has one. */
const DEFAULT_LIMITS: BridgeLimits = { integrationMs: 29_000, headersMs: 10_000, requestMs: 30_000, graceMs: 10_000 };

/** Serves Lambda proxy handlers over HTTP, as a REST API of API Gateway would. */
export function createBridge({ routes, handlers, logger, limits: given }: BridgeOptions): HttpServer {
  const limits = { ...DEFAULT_LIMITS, ...given };
  const matchPath = createRouter(routes);

  async function answer(request: IncomingMessage, exchange: Exchange): Promise<ProxyResult> {
    const matches = matchPath(exchange.path);
    const match = matches.get(routedMethod(request.method));
    if (!match) return unrouted(request, exchange, matches);
    const body = await readBody(request);
    const event = toProxyEvent({ ...exchange, ...match, rawHeaders: request.rawHeaders, body });
    const name = match.route.handler;
    const { requestId, wait } = exchange;
    return invoke({ name, handler: handlers[name], event, requestId, timeoutMs: limits.integrationMs, wait, logger });
  }

  return new BridgeServer({ answer, logger, limits });
}

/** HEAD is answered as GET without its body. */
const routedMethod = (method = ''): Method | undefined =>
  METHODS.find((known) => known === (method === 'HEAD' ? 'GET' : method));

function unrouted({ method }: IncomingMessage, { path }: Exchange, matches: MatchesByMethod): ProxyResult {
  if (matches.size === 0) {
    return problemResponse(new ModelyardError('route_not_found', 'There is nothing at this address.'), path);
  }
  const allowed = [...matches.keys(), ...(matches.has('GET') ? ['HEAD'] : []), 'OPTIONS'];
  const headers = { Allow: allowed.join(', ') };
  if (method === 'OPTIONS') return { statusCode: 204, headers, body: '' };
  const error = new ModelyardError('method_not_allowed', `Only ${headers.Allow} can be used at this address.`);
  return problemResponse(error, path, headers);
}
