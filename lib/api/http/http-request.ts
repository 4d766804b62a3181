import { MAX_PAYLOAD_BYTES, ModelyardError } from '#core';
import { type HeaderFields, headersOf } from './header-fields.ts';
import type { ProxyContext, ProxyEvent } from './proxy.ts';
import { type QueryParameters, queryOf } from './query.ts';

export interface Caller {
  readonly id: string;
}

export interface HttpRequest {
  readonly id: string;
  /** The path of the matched route, with parameters in braces. */
  readonly route: string;
  /** The requested path. */
  readonly path: string;
  readonly headers: HeaderFields;
  readonly query: QueryParameters;
  readonly caller: Caller;
  /** Aborts when the client has disconnected or the time is up. */
  readonly signal: AbortSignal;
  /** A path parameter, percent-decoded. */
  param(name: string): string;
  /** Empty without a body. Throws `body_too_large`. */
  body(): Uint8Array;
}

/** The caller with `AUTH=none`. */
const LOCAL_USER: Caller = { id: 'local' };

/** Reads a proxy event. The gateway's signal also aborts when the client disconnects; `signal` is the handler's own. */
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

/** The gateway's id, which is also in its access log. */
export const requestIdOf = (event: ProxyEvent, context: ProxyContext): string =>
  event.requestContext?.requestId ?? context.awsRequestId;

export const pathOf = (event: ProxyEvent): string => event.path ?? event.rawPath ?? '/';

function callerOf({ requestContext }: ProxyEvent): Caller {
  const id = requestContext?.authorizer?.principalId;
  return typeof id === 'string' && id !== '' ? { id } : LOCAL_USER;
}

function bodyOf({ body, isBase64Encoded, bytes: given }: ProxyEvent): Uint8Array {
  const bytes = given ?? Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8');
  if (bytes.byteLength > MAX_PAYLOAD_BYTES) throw bodyTooLarge();
  return bytes;
}

/** The refusal of a body above a limit. */
export const bodyTooLarge = (maxBytes = MAX_PAYLOAD_BYTES): ModelyardError =>
  new ModelyardError('body_too_large', `The body is larger than ${sizeText(maxBytes)}.`);

const sizeText = (bytes: number): string => (bytes < 2 ** 20 ? `${bytes / 2 ** 10} KiB` : `${bytes / 2 ** 20} MiB`);
