import { isUtf8 } from 'node:buffer';
import { BINARY_TYPES, decodeComponent, type ProxyEvent, type RouteMatch } from '#api';

/** An HTTP request whose body has arrived and whose route is known. */
export interface RoutedRequest extends RouteMatch {
  readonly requestId: string;
  /** Undecoded, without the query. */
  readonly path: string;
  /** What follows `?`, undecoded. */
  readonly query: string;
  /** Names and values in turns, as `IncomingMessage.rawHeaders` has them. */
  readonly rawHeaders: readonly string[];
  readonly body: Uint8Array;
}

/** The proxy event that a REST API of API Gateway makes of the request. */
export function toProxyEvent(request: RoutedRequest): ProxyEvent {
  const headers = groupPairs(pairs(request.rawHeaders));
  const query = groupPairs(parseQuery(request.query));
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

function pairs(rawHeaders: readonly string[]): [string, string][] {
  return rawHeaders.flatMap((name, at): [string, string][] => (at % 2 === 0 ? [[name, rawHeaders[at + 1] ?? '']] : []));
}

type Grouped = Readonly<Record<string, readonly string[]>>;

function groupPairs(entries: readonly (readonly [string, string])[]): Grouped {
  const groups = Map.groupBy(entries, ([name]) => name);
  return Object.fromEntries([...groups].map(([name, group]) => [name, group.map(([, value]) => value)]));
}

const lastValues = (groups: Grouped): Record<string, string> =>
  Object.fromEntries(Object.entries(groups).map(([name, values]) => [name, values.at(-1) ?? '']));

const orNull = <T extends object>(values: T): T | null => (Object.keys(values).length === 0 ? null : values);

/** Text travels as text and binary types as base64; so does text that is not UTF-8, which must arrive as it was sent. */
function encodeBody(body: Uint8Array, headers: Grouped): Pick<ProxyEvent, 'body' | 'isBase64Encoded'> {
  if (body.byteLength === 0) return { body: null, isBase64Encoded: false };
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (isBinary(headers) || !isUtf8(body)) return { body: bytes.toString('base64'), isBase64Encoded: true };
  return { body: bytes.toString('utf8'), isBase64Encoded: false };
}

function isBinary(headers: Grouped): boolean {
  const contentTypes = Object.entries(headers).filter(([name]) => name.toLowerCase() === 'content-type');
  return contentTypes.some(([, values]) =>
    values.some((value) => BINARY_TYPES.some((type) => value.trim().toLowerCase().startsWith(type))),
  );
}
