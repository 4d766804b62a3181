import { type FieldRule, MAX_PAYLOAD_BYTES, ModelyardError, type Principal } from '#core';
import { unauthenticated } from '../auth/principal-context.ts';
import { type HeaderFields, headersOf } from './headers.ts';
import type { ProxyContext, ProxyEvent } from './proxy.ts';

export interface HttpRequest {
  readonly id: string;
  /** The path of the matched route, with parameters in braces. */
  readonly route: string;
  /** GET for HEAD, which is handled alike. */
  readonly method: string;
  /** The network address of the caller, or of the proxy before it. */
  readonly address: string;
  /** The requested path. */
  readonly path: string;
  readonly headers: HeaderFields;
  readonly query: QueryParameters;
  /** Throws `unauthenticated` for an unknown caller, which only public routes allow. */
  readonly caller: Principal;
  /** Aborts when the client has disconnected or the time is up. */
  readonly signal: AbortSignal;
  /** Tells the gateway how much of the request's time was a model's run. */
  ran(ms: number): void;
  /** Lets a stream in. Undefined where answers cannot be streams. Throws `too_many_requests`. */
  readonly openStream?: ProxyContext['openStream'];
  /** A path parameter, percent-decoded. */
  param(name: string): string;
  /** Empty without a body. Throws `body_too_large`. */
  body(): Uint8Array;
}

interface Invocation {
  readonly caller: Principal | undefined;
  /** The handler's own. The gateway's signal also aborts when the client disconnects. */
  readonly signal: AbortSignal;
}

/** Reads a proxy event. */
export function toRequest(event: ProxyEvent, context: ProxyContext, { caller, signal }: Invocation): HttpRequest {
  return {
    id: requestIdOf(event, context),
    route: routeOf(event),
    method: methodOf(event),
    address: event.requestContext?.identity?.sourceIp ?? event.requestContext?.http?.sourceIp ?? '',
    path: pathOf(event),
    headers: headersOf(event),
    query: queryOf(event),
    get caller() {
      if (!caller) throw unauthenticated();
      return caller;
    },
    signal: context.signal ?? signal,
    ran: (ms) => context.ran?.(ms),
    ...(context.openStream ? { openStream: context.openStream } : {}),
    param: (name) => event.pathParameters?.[name] ?? '',
    body: () => bodyOf(event),
  };
}

/** The gateway's id, which is also in its access log. */
export const requestIdOf = (event: ProxyEvent, context: ProxyContext): string =>
  event.requestContext?.requestId ?? context.awsRequestId;

export const pathOf = (event: ProxyEvent): string => event.path ?? event.rawPath ?? '/';

/** GET for HEAD. */
export function methodOf({ httpMethod, requestContext }: ProxyEvent): string {
  const method = httpMethod ?? requestContext?.http?.method ?? '';
  return method === 'HEAD' ? 'GET' : method;
}

/** The path of the matched route, with parameters in braces. */
export const routeOf = ({ resource, routeKey }: ProxyEvent): string => resource ?? routeKey?.split(' ')[1] ?? '';

function bodyOf({ body, isBase64Encoded, bytes: given }: ProxyEvent): Uint8Array {
  const bytes = given ?? Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8');
  if (bytes.byteLength > MAX_PAYLOAD_BYTES) throw bodyTooLarge();
  return bytes;
}

/** The refusal of a body above a limit. */
export const bodyTooLarge = (maxBytes = MAX_PAYLOAD_BYTES): ModelyardError =>
  new ModelyardError('body_too_large', `The body is larger than ${sizeText(maxBytes)}.`);

const sizeText = (bytes: number): string => (bytes < 2 ** 20 ? `${bytes / 2 ** 10} KiB` : `${bytes / 2 ** 20} MiB`);

/** Query parameters, percent-decoded. */
class QueryParameters {
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(entries: Iterable<readonly [name: string, values: readonly string[]]>) {
    this.#values = new Map(entries);
  }

  /** An empty value counts as missing. Throws `invalid_request` for a repeated parameter. */
  one(name: string): string | undefined {
    const [value, ...others] = this.#values.get(name) ?? [];
    if (others.length > 0) throw badParameter(name, 'must be given once');
    return value === '' ? undefined : value;
  }

  /** Every parameter: a text, or a list of texts if it is repeated. */
  all(): Readonly<Record<string, string | readonly string[]>> {
    const entries = [...this.#values].map(
      ([name, values]) => [name, values.length === 1 ? values[0] : values] as const,
    );
    return Object.fromEntries(entries as [string, string | readonly string[]][]);
  }

  /** A text that follows a rule. Undefined when missing. Throws `invalid_request`. */
  matching(name: string, rule: FieldRule): string | undefined {
    const text = this.one(name);
    const fault = text === undefined ? undefined : rule(text);
    if (fault !== undefined) throw badParameter(name, `must be ${fault}`);
    return text;
  }

  /** A whole number from `min` to `max`. Undefined when missing. Throws `invalid_request`. */
  integer(name: string, { min, max }: { readonly min: number; readonly max: number }): number | undefined {
    const text = this.one(name);
    if (text === undefined) return undefined;
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) throw badParameter(name, `must be a whole number from ${min} to ${max}`);
    return value;
  }

  /** `true` or `false`; false when missing. Throws `invalid_request` for anything else, an empty value included. */
  flag(name: string): boolean {
    const isGiven = (this.#values.get(name) ?? []).length > 0;
    const text = this.one(name);
    if (isGiven && text !== 'true' && text !== 'false') throw badParameter(name, 'must be one of true, false');
    return text === 'true';
  }

  /** One of `words`. Undefined when missing. Throws `invalid_request`. */
  word<T extends string>(name: string, words: readonly T[]): T | undefined {
    const text = this.one(name);
    const word = words.find((candidate) => candidate === text);
    if (text !== undefined && word === undefined) throw badParameter(name, `must be one of ${words.join(', ')}`);
    return word;
  }
}

/** Prefers the multi-value form of the event, because the other one drops values. */
export function queryOf({ multiValueQueryStringParameters: multi, queryStringParameters: single }: ProxyEvent) {
  const entries = multi
    ? Object.entries(multi).map(([name, values]) => [name, values ?? []] as const)
    : Object.entries(single ?? {}).map(([name, value]) => [name, value === undefined ? [] : [value]] as const);
  return new QueryParameters(entries);
}

const badParameter = (name: string, must: string): ModelyardError =>
  new ModelyardError('invalid_request', `The query parameter ${name} ${must}.`, {
    errors: [{ pointer: `/query/${name}`, message: must }],
  });
