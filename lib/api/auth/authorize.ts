import { assertMay, ModelyardError, type Principal } from '#core';
import { methodOf, routeOf } from '../http/http-request.ts';
import type { ProxyEvent } from '../http/proxy.ts';
import { ROUTES, type Route, scopesOf } from '../http/routes.ts';
import { unauthenticated } from './principal-context.ts';

/** Whether the route needs no authentication. False for a route that is not in the table. */
export const isPublic = (event: ProxyEvent): boolean => routed(event)?.role === 'public';

function routed(event: ProxyEvent, more: readonly Route[] = []): Route | undefined {
  const [method, path] = [methodOf(event), routeOf(event)];
  const isAsked = (route: Route) => route.path === path && route.method === method;
  return ROUTES.find(isAsked) ?? more.find(isAsked);
}

/**
 * Checks that the caller has the role that the route table requires, on every platform alike. Throws `unauthenticated`
 * for an unknown caller, `forbidden` when the role, the scopes or the models of the key are insufficient, and
 * `route_not_found` for a route that is neither in the table nor one of the handler's own.
 */
export function authorize(event: ProxyEvent, caller: Principal | undefined, own: readonly Route[]): void {
  const route = routed(event, own);
  if (!route) throw new ModelyardError('route_not_found', 'There is no such route.');
  const { role } = route;
  if (role === 'public') return;
  if (!caller) throw unauthenticated();
  assertMay(caller, { role, scopes: scopesOf(route), model: event.pathParameters?.model });
}
