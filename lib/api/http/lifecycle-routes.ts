import type { LifecycleService, UserRole } from '#core';
import { type Method, ROUTES, type Route } from './routes.ts';

/** A route of a service of the lifecycle. */
export interface LifecycleRoute extends Route {
  readonly handler: 'lifecycle';
  readonly service: LifecycleService;
  readonly role: UserRole;
}

/**
 * The routes of the lifecycle, apart from the others because the bundles of their handlers do not grow with these.
 * Reading needs the role `user`; changing data and models is the work of operators.
 */
export const LIFECYCLE_ROUTES: readonly LifecycleRoute[] = [
  ...routesOf('ingestion', [
    ['GET', '/datasets', 'user', 'List the datasets'],
    ['PUT', '/datasets/{dataset}', 'operator', 'Create a dataset, or change its schema'],
    ['GET', '/datasets/{dataset}', 'user', 'Get a dataset'],
    ['POST', '/datasets/{dataset}/files', 'operator', 'Add a file to a dataset as a new version'],
    ['GET', '/datasets/{dataset}/versions', 'user', 'List the versions of a dataset'],
    ['GET', '/datasets/{dataset}/quarantine', 'user', 'List the rows of a dataset that were refused'],
  ]),
];

/** The routes of a process that has a lifecycle. */
export const ALL_ROUTES: readonly Route[] = [...ROUTES, ...LIFECYCLE_ROUTES];

type Row = readonly [method: Method, path: Route['path'], role: UserRole, summary: string];

function routesOf(service: LifecycleService, rows: readonly Row[]): readonly LifecycleRoute[] {
  return rows.map(([method, path, role, summary]) => ({
    ...{ method, path, role, summary, service },
    handler: 'lifecycle',
    ...(path.endsWith('/files') ? { takesFiles: true } : {}),
  }));
}
