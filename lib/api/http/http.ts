import middy, { type MiddlewareObj, type MiddyfiedHandler } from '@middy/core';
import { type AuthKind, type Logger, ModelyardError, type Principal } from '#core';
import type { Authenticator } from '../auth/authenticator.ts';
import { authorize, isPublic } from '../auth/authorize.ts';
import { callerOf } from '../auth/principal-context.ts';
import { corsHeaders, headersOf } from './headers.ts';
import { type HttpRequest, pathOf, requestIdOf, toRequest } from './http-request.ts';
import { JSON_TYPE, negotiate } from './negotiation.ts';
import { HTTPS_ONLY, isServerFault, NEVER_STORED, NO_SNIFFING, problemResponse } from './problem.ts';
import type { ProxyContext, ProxyEvent, ProxyResult } from './proxy.ts';
import { type RecordCall, recorded } from './recorded.ts';
import { createRouter, routedEvent } from './router.ts';
import type { Route } from './routes.ts';
import { jsonTextOf } from './transcode.ts';

export type HttpHandler = MiddyfiedHandler<ProxyEvent, ProxyResult, Error, ProxyContext>;

interface Invocation {
  /** Aborts shortly before the Lambda timeout. */
  readonly signal: AbortSignal;
}

interface HttpDeps {
  readonly logger: Logger;
  readonly corsOrigins?: readonly string[];
  /** With `none`, a caller that the gateway has not identified is the local user. @default such a caller is unknown */
  readonly auth?: AuthKind;
  /** Verifies callers that no gateway has identified: those of a function URL. @default they stay unknown */
  readonly authenticate?: Authenticator;
  /** Tells browsers never to use plain HTTP for this host. @default false */
  readonly isHttpsOnly?: boolean;
  /** Counts a request of a known caller. Rejects with `too_many_requests`. @default the gateway has counted it */
  readonly enterCaller?: (caller: Principal) => Promise<void>;
  /** Takes every answered call. @default none: gateways record calls themselves */
  readonly recordCall?: RecordCall;
}

interface HttpOptions {
  /** Media types of the responses; 406 if the client accepts none of them. `*`: no check. @default JSON */
  readonly produces?: readonly string[] | '*';
  /** Routes that the handler serves by its function URL. @default none */
  readonly routes?: readonly Route[];
}

/**
 * Makes a Lambda handler of a function from request to response. Errors become problems. Every response has a request
 * id.
 */
export function httpHandler(
  deps: HttpDeps,
  answer: (request: HttpRequest) => Promise<ProxyResult>,
  { produces = [JSON_TYPE], routes = [] }: HttpOptions = {},
): HttpHandler {
  const matchPath = createRouter(routes);
  const known = new WeakMap<ProxyEvent, { readonly routed: ProxyEvent; readonly caller: Principal | undefined }>();
  const run = async (event: ProxyEvent, context: ProxyContext, { signal }: Invocation): Promise<ProxyResult> => {
    const routed = routedEvent(event, matchPath);
    known.set(event, { routed, caller: undefined });
    const isAsked = !isPublic(routed);
    const identify = async () => (isAsked ? deps.authenticate?.(headersOf(routed).list('authorization')) : undefined);
    const caller = callerOf(routed, deps.auth) ?? (await identify());
    known.set(event, { routed, caller });
    authorize(routed, caller, routes);
    if (caller && isAsked) await deps.enterCaller?.(caller);
    const request = toRequest(routed, context, { caller, signal });
    if (produces !== '*') negotiate(request.headers.list('accept'), produces);
    return answer(request);
  };
  const handler = middy<ProxyEvent, ProxyResult, Error, ProxyContext>(run);
  // Middy runs what was added last first: a call is recorded with its complete answer.
  if (deps.recordCall) handler.use(recorded(deps.recordCall, known));
  return handler.use(answersToCallers(deps));
}

/** A JSON answer. It and its members may be `RawJson`. */
export function json(statusCode: number, body: unknown, headers: Readonly<Record<string, string>> = {}): ProxyResult {
  const text = jsonTextOf(body);
  const head = { statusCode, headers: { 'Content-Type': JSON_TYPE, ...headers } };
  return typeof text === 'string' ? { ...head, body: text } : { ...head, body: '', pieces: text };
}

type HttpMiddleware = MiddlewareObj<ProxyEvent, ProxyResult, Error, ProxyContext>;

const answersToCallers = ({ logger, corsOrigins = [], isHttpsOnly }: HttpDeps): HttpMiddleware => ({
  after: function completeAnswer(request) {
    const { event, context, response } = request;
    if (!response) return;
    const added = [requestIdHeader(event, context), corsHeaders(event, response, corsOrigins)];
    const headers = Object.assign(securityHeaders(event, isHttpsOnly), response.headers, ...added);
    request.response = { ...response, headers };
  },
  onError: function answerProblem(request) {
    const { event, context } = request;
    const error = timeoutAsOurs(request.error);
    const path = pathOf(event);
    if (isServerFault(error)) {
      logger.error('A request failed.', { requestId: requestIdOf(event, context), path, error });
    }
    const answer = problemResponse(error, path, requestIdHeader(event, context));
    const headers = { ...securityHeaders(event, isHttpsOnly), ...answer.headers };
    request.response = { ...answer, headers: { ...headers, ...corsHeaders(event, answer, corsOrigins) } };
  },
});

/** Headers of every response. Responses are private to the caller, so caches must not store them. */
const securityHeaders = (event: ProxyEvent, isHttpsOnly = false): Record<string, string> => ({
  ...NO_SNIFFING,
  ...(isPublic(event) ? {} : NEVER_STORED),
  ...(isHttpsOnly ? HTTPS_ONLY : {}),
});

const requestIdHeader = (event: ProxyEvent, context: ProxyContext) => ({ 'X-Request-Id': requestIdOf(event, context) });

/** Middy ends a handler shortly before the Lambda timeout, so that the client still gets a response. */
const timeoutAsOurs = (error: unknown): unknown =>
  error instanceof Error && error.name === 'TimeoutError'
    ? new ModelyardError('gateway_timeout', 'The handler took too long.', { cause: error })
    : error;
