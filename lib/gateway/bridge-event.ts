import { isUtf8 } from 'node:buffer';
import { BINARY_TYPES, decodeComponent, type ProxyEvent, type RouteMatch } from '#api';

/** A request with its body and its route. */
export interface RoutedRequest extends RouteMatch {
  readonly requestId: string;
  /** Not decoded, without the query. */
  readonly path: string;
  /** After `?`, not decoded. */
  readonly query: string;
  /** Alternating names and values, as in `IncomingMessage.rawHeaders`. */
  readonly rawHeaders: readonly string[];
  readonly body: Uint8Array;
}

/** The proxy event of a REST API. */
export function toProxyEvent(request: RoutedRequest): ProxyEvent {
  const headers = groupPairs(request.rawHeaders);
  const query = groupPairs(parseQuery(request.query).flat());
  return {
    httpMethod: request.route.method,
    resource: request.route.path,
    path: request.path,
    headers: lastValues(headers),
    multiValueHeaders: headers,
    queryStringParameters: orNull(lastValues(query)),
    multiValueQueryStringParameters: orNull(query),
    pathParameters: orNull(request.params),
    requestContext: { requestId: request.requestId },
    ...encodeBody(request.body, headers),
  };
}

/** Splits at `&`, then decodes once, with `+` as a space. Throws `invalid_request` for malformed percent-encoding. */
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
  // Without a prototype, so that every name is allowed.
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

/** Text is passed as text. Binary types and text that is not UTF-8 are passed as base64. */
function encodeBody(body: Uint8Array, headers: Grouped): Pick<ProxyEvent, 'body' | 'isBase64Encoded'> {
  if (body.byteLength === 0) return { body: null, isBase64Encoded: false };
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (isBinary(headers) || !isUtf8(body)) return { body: bytes.toString('base64'), isBase64Encoded: true };
  return { body: bytes.toString('utf8'), isBase64Encoded: false };
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
