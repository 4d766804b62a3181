import type { Route } from '#api';

/** A route without special properties. */
export const aRoute = (method: Route['method'], path: Route['path']): Route => ({
  method,
  path,
  handler: 'health',
  role: 'public',
  summary: '',
});
