import type { Route } from '#api';

/** A route of the least interesting kind. */
export const aRoute = (method: Route['method'], path: Route['path']): Route => ({
  method,
  path,
  handler: 'health',
  auth: 'none',
  summary: '',
});
