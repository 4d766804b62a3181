import { type HandlerDeps, ROUTES } from '#api';

/** What a program finds at `/`: where things are, how to log in, and every route with the role that it needs. */
export const indexOf = ({ auth, accounts }: Pick<HandlerDeps, 'auth' | 'accounts'>) => ({
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
  routes: ROUTES.map(({ method, path, role, summary }) => ({ method, path, role, summary })),
});
