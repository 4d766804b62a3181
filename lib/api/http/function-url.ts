import { ModelyardError } from '#core';
import type { ProxyEvent } from './proxy.ts';
import type { Route } from './routes.ts';

/**
 * A function that is asked by its own URL is told the path only; this adds the route and its parameters, which
 * a gateway would. Any other event stays as it is. Throws `route_not_found` when none of the routes fits.
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

/** The route of everything that comes by a function's own URL. */
const UNROUTED = '$default';

/** The values of the segments in braces, percent-decoded; undefined when the path is not one of the pattern. */
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

/** A segment that is not percent-encoded as it should be names nothing that there is. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
