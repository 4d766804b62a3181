import { MAX_PAYLOAD_BYTES, ModelyardError } from '#core';
import { type HeaderFields, headersOf } from './header-fields.ts';
import type { ProxyContext, ProxyEvent } from './proxy.ts';
import { type QueryParameters, queryOf } from './query.ts';

/** Who asks. */
export interface Caller {
  readonly id: string;
}

/** A request as handlers read it. */
export interface HttpRequest {
  readonly id: string;
  /** The path of the route that matched, braces and all. */
  readonly route: string;
  /** The path that was asked for. */
  readonly path: string;
  readonly headers: HeaderFields;
  readonly query: QueryParameters;
  readonly caller: Caller;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /** A path parameter, percent-decoded. */
  param(name: string): string;
  /** The body's bytes, empty when there is none. Throws `body_too_large`. */
  body(): Uint8Array;
}

/** With `AUTH=none` everybody is this user. */
const LOCAL_USER: Caller = { id: 'local' };

/** Reads a proxy event. `signal` is the one of the invocation; that of a local gateway, where there is one, knows more. */
export function toRequest(event: ProxyEvent, context: ProxyContext, signal: AbortSignal): HttpRequest {
  return {
    id: requestIdOf(event, context),
    route: event.resource ?? event.routeKey?.split(' ')[1] ?? '',
    path: pathOf(event),
    headers: headersOf(event),
    query: queryOf(event),
    caller: callerOf(event),
    signal: context.signal ?? signal,
    param: (name) => event.pathParameters?.[name] ?? '',
    body: () => bodyOf(event),
  };
}

/** What `X-Request-Id` answers: the gateway's id, which its access log has too. */
export const requestIdOf = (event: ProxyEvent, context: ProxyContext): string =>
  event.requestContext?.requestId ?? context.awsRequestId;

/** The path that was asked for. */
export const pathOf = (event: ProxyEvent): string => event.path ?? event.rawPath ?? '/';

function callerOf({ requestContext }: ProxyEvent): Caller {
  const id = requestContext?.authorizer?.principalId;
  return typeof id === 'string' && id !== '' ? { id } : LOCAL_USER;
}

function bodyOf({ body, isBase64Encoded }: ProxyEvent): Uint8Array {
  const bytes = Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8');
  if (bytes.byteLength > MAX_PAYLOAD_BYTES) throw bodyTooLarge();
  return bytes;
}

/** The refusal of a body above `MAX_PAYLOAD_BYTES`. */
export const bodyTooLarge = (): ModelyardError =>
  new ModelyardError('body_too_large', `The body is larger than ${MAX_PAYLOAD_BYTES / 2 ** 20} MiB.`);
