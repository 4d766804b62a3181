import { once } from 'node:events';
import { request as httpRequest, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import {
  HANDLER_NAMES,
  type ProxyContext,
  type ProxyEvent,
  type ProxyHandler,
  type ProxyResult,
  type RoutedHandlerName,
} from '#api';
import { type BridgeOptions, createBridge } from '#gateway/bridge.ts';
import type { BridgeLimits, HttpServer } from '#gateway/bridge-server.ts';
import { aRoute } from '#test/support/a-route.ts';
import { silentLogger } from '#test/support/silent-logger.ts';

/** Routes enough for every rule of the bridge, all led to one handler. */
const TEST_ROUTES = [aRoute('POST', '/things/{id}'), aRoute('GET', '/things/{id}'), aRoute('DELETE', '/things')].map(
  (route) => ({ ...route, handler: 'get-task' as const }),
);

export const OK: ProxyResult = { statusCode: 200, headers: { 'Content-Type': 'application/json' }, body: '{}' };

export interface TestBridge {
  readonly bridge: HttpServer;
  readonly port: number;
  readonly url: string;
  /** What the handler was called with. */
  readonly calls: { readonly event: ProxyEvent; readonly context: ProxyContext }[];
}

/** A bridge on a free port whose every route leads to `handler`; closed when the test ends. */
export async function startBridge(
  handler: ProxyHandler,
  limits: Partial<BridgeLimits> = {},
  options: Partial<Pick<BridgeOptions, 'guard' | 'admission' | 'logger' | 'authenticate' | 'record'>> = {},
): Promise<TestBridge> {
  const calls: TestBridge['calls'] = [];
  const recorded: ProxyHandler = (event, context) => {
    calls.push({ event, context });
    return handler(event, context);
  };
  const bridge = createBridge({
    routes: options.authenticate ? TEST_ROUTES.map((route) => ({ ...route, role: 'user' })) : TEST_ROUTES,
    handlers: Object.fromEntries([...HANDLER_NAMES, 'lifecycle'].map((name) => [name, recorded])) as Record<
      RoutedHandlerName,
      ProxyHandler
    >,
    logger: silentLogger,
    limits: { graceMs: 50, ...limits },
    ...options,
  });
  const { port, url } = await bridge.listen(0, '127.0.0.1');
  onTestFinished(() => bridge.close());
  return { bridge, port, url, calls };
}

/** Sends bytes as they are and reads until the server hangs up. */
export async function sendRaw(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(bytes);
  return text(socket);
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A request with exactly these headers, which `fetch` would rewrite. */
export async function send(
  port: number,
  options: { readonly method?: string; readonly path: string; readonly headers?: OutgoingHttpHeaders },
  body?: string | Uint8Array,
): Promise<HttpAnswer> {
  const request = httpRequest({ port, host: '127.0.0.1', agent: false, ...options });
  request.end(body);
  const [response] = await once(request, 'response');
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}
