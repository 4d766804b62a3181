import { ModelyardError } from '#core';
import { problemResponse } from './problem.ts';
import type { ProxyEvent, ProxyResult } from './proxy.ts';
import type { Method, Route } from './routes.ts';

/** A matched route with its path parameters. */
export interface RouteMatch {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

/** The matched route per method. Empty for an unknown path. */
export type MatchesByMethod = ReadonlyMap<Method, RouteMatch>;

/**
 * Matches paths like API Gateway: segments are decoded once, literals win over parameters, a trailing slash is ignored.
 */
export function createRouter(routes: readonly Route[]): (rawPath: string) => MatchesByMethod {
  const ordered = routes
    .map((route) => ({ route, pattern: route.path.slice(1).split('/') }))
    .sort((a, b) => compareLiterals(a.pattern, b.pattern));

  return function matchPath(rawPath) {
    const segments = decodePath(rawPath);
    const byMethod = new Map<Method, RouteMatch>();
    let found: Route['path'] | undefined;
    for (const { route, pattern } of ordered) {
      const params = matchSegments(pattern, segments);
      if (!params) continue;
      // A literal path hides the templates that match it too, for every method.
      found ??= route.path;
      if (route.path === found) byMethod.set(route.method, { route, params });
    }
    return byMethod;
  };
}

/** Throws `invalid_request` for malformed percent-encoding. */
export function decodeComponent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new ModelyardError('invalid_request', 'The URL has percent-encoding that cannot be decoded.', { cause });
  }
}

const decodePath = (rawPath: string): string[] =>
  rawPath.replace(/^\//, '').replace(/\/$/, '').split('/').map(decodeComponent);

const isParameter = (segment: string): boolean => segment.startsWith('{') && segment.endsWith('}');

/** Stands for the rest of a path, at its end. */
const isRest = (segment: string): boolean => segment.endsWith('+}');

const endsOpen = (pattern: readonly string[]): boolean => isRest(pattern.at(-1) ?? '');

/**
 * A total order: patterns with a rest come last. The others by length and then literals before parameters, because only
 * those of one length can match the same path.
 */
function compareLiterals(a: readonly string[], b: readonly string[]): number {
  if (endsOpen(a) !== endsOpen(b)) return Number(endsOpen(a)) - Number(endsOpen(b));
  if (a.length !== b.length) return a.length - b.length;
  for (const [at, segment] of a.entries()) {
    const difference = Number(isParameter(segment)) - Number(isParameter(b[at] ?? ''));
    if (difference !== 0) return difference;
  }
  return 0;
}

function matchSegments(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  const rest = endsOpen(pattern);
  if (rest ? segments.length < pattern.length : pattern.length !== segments.length) return undefined;
  const params: [string, string][] = [];
  for (const [at, expected] of pattern.entries()) {
    const actual = segments[at] ?? '';
    if (isRest(expected)) params.push([expected.slice(1, -2), segments.slice(at).join('/')]);
    else if (isParameter(expected) && actual !== '') params.push([expected.slice(1, -1), actual]);
    else if (expected !== actual) return undefined;
  }
  return Object.fromEntries(params);
}

/**
 * The response to a request without a route. `offered`: methods of the path. 404 without any, 204 for OPTIONS, else
 * 405. The last two have `Allow`, with HEAD wherever GET is.
 */
export function unroutedAnswer(method: string | undefined, path: string, offered: readonly Method[]): ProxyResult {
  if (offered.length === 0) {
    return problemResponse(new ModelyardError('route_not_found', 'There is no such route.'), path);
  }
  const headers = { Allow: [...offered, ...(offered.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ') };
  if (method === 'OPTIONS') return { statusCode: 204, headers, body: '' };
  const error = new ModelyardError('method_not_allowed', `Only ${headers.Allow} can be used at this address.`);
  return problemResponse(error, path, headers);
}

/** The `routeKey` of function URLs. */
const UNROUTED = '$default';

/**
 * Adds route and path parameters to an event of a function URL, which has only a path. Returns other events unchanged.
 * Throws `route_not_found` when no route matches.
 */
export function routedEvent(event: ProxyEvent, matchPath: (rawPath: string) => MatchesByMethod): ProxyEvent {
  if (event.routeKey !== UNROUTED) return event;
  const matches = matchPath(event.rawPath ?? '');
  const match = [...matches.values()].find(({ route }) => route.method === event.requestContext?.http?.method);
  if (!match) throw new ModelyardError('route_not_found', 'There is no resource at this address.');
  return { ...event, resource: match.route.path, pathParameters: match.params };
}
