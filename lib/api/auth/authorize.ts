import { assertMay, ModelyardError, type Principal } from '#core';
import { methodOf, routeOf } from '../http/http-request.ts';
import type { ProxyEvent } from '../http/proxy.ts';
import { ROUTES, type Route, scopesOf } from '../http/routes.ts';
import { unauthenticated } from './principal-context.ts';

const BY_KEY: ReadonlyMap<string, Route> = new Map(ROUTES.map((route) => [`${route.method} ${route.path}`, route]));

/** Whether the route needs no authentication. False for a route that is not in the table. */
export const isPublic = (event: ProxyEvent): boolean => routed(event)?.role === 'public';

const routed = (event: ProxyEvent): Route | undefined => BY_KEY.get(`${methodOf(event)} ${routeOf(event)}`);

/**
 * Checks that the caller has the role that the route table asks for, on every platform alike. Throws `unauthenticated`
 * when nobody is known, `forbidden` when the role, the scopes or the models of the key are not enough, and
 * `route_not_found` for a route that is not in the table.
 */
export function authorize(event: ProxyEvent, caller: Principal | undefined): void {
  const route = routed(event);
  if (!route) throw new ModelyardError('route_not_found', 'There is no such route.');
  const { role } = route;
  if (role === 'public') return;
  if (!caller) throw unauthenticated();
  assertMay(caller, { role, scopes: scopesOf(route), model: event.pathParameters?.model });
}
