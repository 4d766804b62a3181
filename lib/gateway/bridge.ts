import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import {
  type Authenticator,
  BINARY_TYPES,
  createRouter,
  decodeComponent,
  METHODS,
  type Method,
  type ProxyEvent,
  type ProxyHandler,
  type ProxyResult,
  type Route,
  type RoutedHandlerName,
  type RouteMatch,
  toPrincipalContext,
  unroutedAnswer,
} from '#api';
import type { AnsweredCall, Logger, Principal, Tracing, TransferEdge } from '#core';
import { LOCAL_PRINCIPAL } from '#core';
import type { Admission, Admitted } from './admission.ts';
import { readBody } from './bridge-answer.ts';
import { invoke } from './bridge-invoke.ts';
import { type Acceptance, type BridgeLimits, BridgeServer, type Exchange, type HttpServer } from './bridge-server.ts';
import { createCors } from './cors.ts';
import { EventStreams, type StreamLimits } from './event-streams.ts';
import { type CallProgress, recordedCall } from './recorded-call.ts';
import { authorizationOf, callerAddress, createGuard, type GuardOptions, requireBodyType } from './request-guard.ts';
import { tracedRequest } from './traced-request.ts';
import { createTransferAnswer, isTransfer } from './transfer-answer.ts';

export interface BridgeOptions {
  readonly routes: readonly Route[];
  readonly handlers: Readonly<Record<RoutedHandlerName, ProxyHandler>>;
  readonly logger: Logger;
  readonly limits?: Partial<BridgeLimits>;
  /** @default loopback hosts, no other origin */
  readonly guard?: GuardOptions;
  /** Authenticates callers of routes that are not public. @default no authentication */
  readonly authenticate?: Authenticator | undefined;
  /** Called for every known caller. Rejects with `too_many_requests`. @default no limits of users */
  readonly enter?: (caller: Principal) => Promise<void>;
  /** @default no limit */
  readonly admission?: Admission;
  readonly streams?: StreamLimits;
  /** Takes and gives large payloads. @default clients reach the blob store themselves */
  readonly transfers?: TransferEdge | undefined;
  /** @default no traces */
  readonly tracing?: Tracing | undefined;
  /** Receives every call after its answer. @default no call log */
  readonly record?: (call: AnsweredCall) => void;
}

/** The limits of API Gateway, where it has them. */
const DEFAULT_LIMITS: BridgeLimits = {
  ...{ integrationMs: 29_000, headersMs: 10_000, requestMs: 30_000 },
  ...{ paceMs: 60_000, graceMs: 10_000 },
};

/** Serves Lambda handlers over HTTP like a REST API of API Gateway. */
export function createBridge(options: BridgeOptions): HttpServer {
  const { routes, handlers, logger, limits: given, guard = {}, admission, authenticate, enter, record } = options;
  const { tracing } = options;
  const limits = { ...DEFAULT_LIMITS, ...given };
  const matchPath = createRouter(routes);
  const streams = new EventStreams(options.streams);
  const refuseForeign = createGuard(guard);
  const answerTransfer = options.transfers && createTransferAnswer(options.transfers);
  const localCaller = authenticate ? undefined : LOCAL_PRINCIPAL;

  function accept(request: IncomingMessage, path: string): Acceptance {
    refuseForeign(request);
    if (answerTransfer && isTransfer(path)) return { answer: () => answerTransfer(request, path), isTransfer: true };
    const matches = matchPath(path);
    const method = routedMethod(request.method);
    const match = method && matches.get(method);
    if (!match) return { answer: async () => unroutedAnswer(request.method, path, [...matches.keys()]) };
    const entered = admission?.enter({ ...match, path, prefer: preferOf(request) });
    if (entered && 'refusal' in entered) return entered;
    const admitted = entered?.admitted;
    return {
      answer: (exchange) =>
        tracedRequest(tracing, { ...match, request, exchange }, (rawHeaders) =>
          recordedCall(record, { ...match, exchange }, (progress) =>
            answer({ ...match, request, rawHeaders, exchange, admitted, progress }),
          ),
        ).finally(() => admitted?.leave()),
    };
  }

  async function answer({
    request,
    rawHeaders,
    exchange,
    admitted,
    progress,
    ...match
  }: Answering): Promise<ProxyResult> {
    const { route } = match;
    const isAsked = authenticate && route.role !== 'public';
    // Before the body, so that unknown callers cannot make the gateway read it.
    const authenticated = async () => (isAsked ? authenticate(authorizationOf(request)) : undefined);
    const caller = await authenticated();
    progress.caller = caller ?? localCaller;
    if (caller) await enter?.(caller);
    const body = await readBody(request);
    progress.bytesIn = body.byteLength;
    if (body.byteLength > 0 && route.method !== 'GET') requireBodyType(request, route);
    admitted?.begin();
    const event = toProxyEvent({
      ...{ ...exchange, ...match, rawHeaders, body, caller },
      address: callerAddress(request, guard.trustedProxies),
    });
    const name = route.handler;
    const { requestId, wait } = exchange;
    const { integrationMs: timeoutMs } = limits;
    const openStream = (who: Principal) => streams.open(who, wait.signal, authenticated);
    const { ran } = admitted ?? {};
    return invoke({ name, handler: handlers[name], event, requestId, timeoutMs, wait, logger, ran, openStream });
  }

  const server = new BridgeServer({ accept, corsOf: createCors(guard.origins ?? []), logger, limits });
  return {
    listen: (port, host) => server.listen(port, host),
    close() {
      streams.close();
      return server.close();
    },
  };
}

interface Answering extends RouteMatch {
  readonly request: IncomingMessage;
  /** As in `request`, or with the trace of this gateway. */
  readonly rawHeaders: readonly string[];
  readonly exchange: Exchange;
  readonly admitted: Admitted | undefined;
  readonly progress: CallProgress;
}

const preferOf = ({ headers: { prefer } }: IncomingMessage): string | undefined =>
  Array.isArray(prefer) ? prefer.join() : prefer;

/** HEAD is handled as GET, without its body. */
const routedMethod = (method = ''): Method | undefined =>
  METHODS.find((known) => known === (method === 'HEAD' ? 'GET' : method));

interface RoutedRequest extends RouteMatch {
  readonly requestId: string;
  /** Not decoded, without the query. */
  readonly path: string;
  /** After `?`, not decoded. */
  readonly query: string;
  /** Alternating names and values, as in `IncomingMessage.rawHeaders`. */
  readonly rawHeaders: readonly string[];
  readonly body: Uint8Array;
  /** The network address of the caller. */
  readonly address: string;
  readonly caller: Principal | undefined;
}

/** The proxy event of a REST API. */
function toProxyEvent(request: RoutedRequest): ProxyEvent {
  const headers = groupPairs(request.rawHeaders);
  const query = groupPairs(parseQuery(request.query).flat());
  const { body } = request;
  const isEmpty = body.byteLength === 0;
  // Binary types and text that is not UTF-8 are passed as base64, so that the bytes are unchanged.
  const isBase64Encoded = !isEmpty && (isBinary(headers) || !isUtf8(body));
  return {
    httpMethod: request.route.method,
    resource: request.route.path,
    path: request.path,
    headers: lastValues(headers),
    multiValueHeaders: headers,
    queryStringParameters: orNull(lastValues(query)),
    multiValueQueryStringParameters: orNull(query),
    pathParameters: orNull(request.params),
    requestContext: {
      requestId: request.requestId,
      identity: { sourceIp: request.address },
      ...(request.caller ? { authorizer: toPrincipalContext(request.caller) } : {}),
    },
    isBase64Encoded,
    bytes: body,
    // Lazy: converting 10 MB to a string and back would block the event loop.
    get body() {
      return isEmpty ? null : asBuffer(body).toString(isBase64Encoded ? 'base64' : 'utf8');
    },
  };
}

const asBuffer = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);

/** Splits at `&`, then decodes once, `+` as a space. Rejects undecodable percent-encoding with `invalid_request`. */
export function parseQuery(query: string): [name: string, value: string][] {
  const decode = (text: string) => decodeComponent(text.replaceAll('+', ' '));
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=');
      return equals < 0 ? [decode(pair), ''] : [decode(pair.slice(0, equals)), decode(pair.slice(equals + 1))];
    });
}

const CONTENT_TYPE = 'content-type';

type Grouped = Readonly<Record<string, readonly string[]>>;

/** Alternating names and values, grouped by name. */
function groupPairs(pairs: readonly string[]): Grouped {
  // No prototype, so that every name is allowed.
  const groups: Record<string, string[]> = Object.create(null);
  for (let at = 0; at < pairs.length; at += 2) {
    const [name = '', value = ''] = [pairs[at], pairs[at + 1]];
    const group = groups[name];
    if (group) group.push(value);
    else groups[name] = [value];
  }
  return groups;
}

function lastValues(groups: Grouped): Record<string, string> {
  const last: Record<string, string> = Object.create(null);
  for (const name in groups) last[name] = groups[name]?.at(-1) ?? '';
  return last;
}

function orNull<T extends object>(values: T): T | null {
  for (const _ in values) return values;
  return null;
}

function isBinary(headers: Grouped): boolean {
  for (const name in headers) {
    if (name.length === CONTENT_TYPE.length && name.toLowerCase() === CONTENT_TYPE) {
      const values = headers[name] ?? [];
      if (values.some((value) => BINARY_TYPES.some((type) => value.trim().toLowerCase().startsWith(type)))) return true;
    }
  }
  return false;
}
