import { ALL_ROUTES, type HandlerDeps, ROUTES, type Route, summaryOf } from '#api';

type IndexDeps = Pick<HandlerDeps, 'auth' | 'accounts'> & Partial<Pick<HandlerDeps, 'platform'>>;

/** The JSON at `/`: links, how to log in, and every route with its role. */
export const indexOf = ({ auth, accounts, platform }: IndexDeps) => ({
  name: 'Modelyard',
  auth,
  registration: accounts?.registration ?? null,
  links: {
    docs: '/docs',
    openapi: '/openapi.json',
    models: '/models',
    tasks: '/tasks',
    me: '/users/me',
    health: '/healthz',
    readiness: '/readyz',
    metrics: '/metrics',
  },
  // The lifecycle is not on every platform.
  routes: (platform?.lifecycle ? ALL_ROUTES : ROUTES).map((route: Route) => ({
    method: route.method,
    path: route.path,
    role: route.role,
    summary: summaryOf(route),
  })),
});
