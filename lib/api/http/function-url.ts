import { ModelyardError } from '#core';
import type { ProxyEvent } from './proxy.ts';
import type { Route } from './routes.ts';

/**
 * Adds route and path parameters to an event of a function URL, which has only a path. Returns other events unchanged.
 * Throws `route_not_found` when no route matches.
 */
export function routedEvent(event: ProxyEvent, routes: readonly Route[]): ProxyEvent {
  if (event.routeKey !== UNROUTED) return event;
  const method = event.requestContext?.http?.method;
  const path = event.rawPath ?? '';
  for (const route of routes) {
    const pathParameters = route.method === method ? parametersOf(route.path, path) : undefined;
    if (pathParameters) return { ...event, resource: route.path, pathParameters };
  }
  throw new ModelyardError('route_not_found', 'There is nothing here.');
}

/** The `routeKey` of function URLs. */
const UNROUTED = '$default';

/** Values of path parameters, percent-decoded. Undefined when the path does not match. */
function parametersOf(pattern: string, path: string): Record<string, string> | undefined {
  const names = pattern.split('/');
  const segments = path.split('/');
  if (segments.length !== names.length) return;
  const parameters: Record<string, string> = {};
  for (const [at, name] of names.entries()) {
    const segment = segments[at] ?? '';
    if (name[0] === '{') parameters[name.slice(1, -1)] = decoded(segment);
    else if (name !== segment) return;
  }
  return parameters;
}

/** A malformed segment matches nothing. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
