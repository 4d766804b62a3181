import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { type BlockList, isIP } from 'node:net';
import { FILE_TYPES, FORM_TYPE, JSON_TYPE, NDJSON_TYPE, PROTOBUF_TYPE, type Route } from '#api';
import { ModelyardError } from '#core';

/** Accepted hosts and origins besides the loopback interface. */
export interface GuardOptions {
  /** Host names besides those of the loopback interface; `*` allows all. @default none */
  readonly hosts?: readonly string[];
  /** Origins that may send requests besides the gateway's own; `*` allows all. @default none */
  readonly origins?: readonly string[];
  /** Proxies whose `X-Forwarded-For` is believed. @default none */
  readonly trustedProxies?: BlockList;
}

const LOOPBACK = /^(?:localhost|[\w.-]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;
const OWN_SITES: readonly unknown[] = [undefined, 'same-origin', 'none'];
const BODY_TYPES: readonly string[] = [JSON_TYPE, PROTOBUF_TYPE];

/**
 * Throws `invalid_request` without one host name, and `forbidden` for cross-site requests of browsers: to a host name
 * that is not the gateway's (DNS rebinding), or from another origin. Browsers set these headers; pages cannot change
 * them.
 */
export function createGuard({ hosts = [], origins = [] }: GuardOptions): (request: IncomingMessage) => void {
  const isKnownHost = (name: string) => LOOPBACK.test(name) || hosts.includes(name) || hosts.includes('*');
  const isListed = (origin: string) => origins.includes(origin) || origins.includes('*');

  return function refuseForeign(request) {
    const { method, headers } = request;
    const { host, origin } = headers;
    if (!hasOneHost(request)) throw new ModelyardError('invalid_request', 'A request must have one Host header.');
    const asked = targetHost(request.url) ?? host;
    if (asked !== undefined && !isKnownHost(nameOf(asked))) {
      throw new ModelyardError('forbidden', 'This gateway does not serve the host name of the request.');
    }
    if (origin !== undefined && isListed(origin)) return;
    const isOwn = origin === undefined || originHost(origin) === host?.toLowerCase();
    if (isOwn && (OWN_SITES.includes(headers['sec-fetch-site']) || isVisit(method, headers))) return;
    throw new ModelyardError('forbidden', 'Requests from this origin are not allowed.');
  };
}

/** Host and port of an absolute target, which have priority over the header (RFC 9112). */
const targetHost = (target = ''): string | undefined => /^https?:\/\/([^/?#]*)/i.exec(target)?.[1];

/** HTTP/1.0 needs none. Of several, a proxy may have read another one. Node would refuse without our headers. */
const hasOneHost = ({ headersDistinct: { host = [] }, httpVersion }: IncomingMessage): boolean =>
  host.length === 1 || (host.length === 0 && httpVersion === '1.0');

/** Throws `unsupported_media_type` for a missing Content-Type and for types that need no CORS preflight. */
export function requireBodyType(
  { headers }: IncomingMessage,
  { method, ...takes }: Partial<Pick<Route, 'method' | 'takesForms' | 'takesFiles' | 'takesLines'>> = {},
): void {
  // Browsers ask before they send a PUT to another site, so that any file may be put.
  if (method === 'PUT' && takes.takesFiles) return;
  const accepted = bodyTypesOf(takes);
  const type = (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (accepted.includes(type)) return;
  const message = `A body needs a Content-Type, which must be ${accepted.join(' or ')}.`;
  throw new ModelyardError('unsupported_media_type', message);
}

function bodyTypesOf({ takesForms, takesFiles, takesLines }: Partial<Route>): readonly string[] {
  if (takesForms) return [JSON_TYPE, FORM_TYPE];
  if (takesLines) return [JSON_TYPE, NDJSON_TYPE];
  return takesFiles ? [JSON_TYPE, ...FILE_TYPES] : BODY_TYPES;
}

/**
 * The header Authorization. Throws `unauthenticated` when there are several, because a proxy may have checked another
 * one.
 */
export function authorizationOf({ headers, headersDistinct }: IncomingMessage): string | undefined {
  if ((headersDistinct.authorization?.length ?? 0) <= 1) return headers.authorization;
  throw new ModelyardError('unauthenticated', 'There must be one Authorization header.');
}

/** The network address of the caller: the last one that no trusted proxy has added. */
export function callerAddress({ socket, headers }: IncomingMessage, trusted: BlockList | undefined): string {
  const forwarded = [headers['x-forwarded-for'] ?? []].flat().join().split(',');
  const hops = forwarded.map((hop) => hop.trim().replace(PORT_AFTER, '$1$2'));
  let address = plain(socket.remoteAddress ?? '');
  while (
    trusted &&
    hops.length > 0 &&
    isIP(address) !== 0 &&
    trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
  ) {
    const hop = plain(hops.pop() ?? '');
    // What comes before an unknown hop may be forged.
    if (isIP(hop) === 0 || hop.includes('%')) break;
    address = hop;
  }
  return address;
}

/** Some proxies add the port: `203.0.113.9:4711`, `[2001:db8::1]:4711`. */
const PORT_AFTER = /^(?:(\d+(?:\.\d+){3})|\[([\da-f:.]+)\])(?::\d+)?$/i;

/** Without the prefix of IPv4 addresses on IPv6 sockets. */
const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '');

const nameOf = (host: string): string => host.replace(/:\d*$/, '').replace(/\.$/, '').toLowerCase();

/** Host and port of an origin. Undefined for `null`, the origin of sandboxed pages and files. */
const originHost = (origin: string): string | undefined => /^https?:\/\/([^/]+)$/.exec(origin.toLowerCase())?.[1];

/** A navigation, for example a link to the documentation. The other page cannot read the response. */
const isVisit = (method: string | undefined, headers: IncomingHttpHeaders): boolean =>
  (method === 'GET' || method === 'HEAD') &&
  headers['sec-fetch-mode'] === 'navigate' &&
  headers['sec-fetch-dest'] === 'document';

/** Proxies send an absolute URL. */
export function splitTarget(target = '/'): { readonly path: string; readonly query: string } {
  const local = target.replace(/^https?:\/\/[^/?#]*/i, '');
  const [path = '', query = ''] = splitOnce(local, '?');
  return { path: path.startsWith('/') ? path : `/${path}`, query };
}

function splitOnce(text: string, separator: string): readonly string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
