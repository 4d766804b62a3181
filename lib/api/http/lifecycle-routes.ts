import type { LifecycleService, UserRole } from '#core';
import { type Method, ROUTES, type Route } from './routes.ts';

/** A route of a service of the lifecycle. */
export interface LifecycleRoute extends Route {
  readonly handler: 'lifecycle';
  readonly service: LifecycleService;
  readonly role: UserRole;
  readonly summary: string;
}

/** A parameter that stands for the rest of a path. */
const REST_OF_PATH = '{path+}';

/**
 * The routes of the lifecycle, separate so that the bundles of other handlers do not grow. Reading needs the role
 * `user`; changing data and models needs `operator`.
 */
export const LIFECYCLE_ROUTES: readonly LifecycleRoute[] = [
  ...routesOf('ingestion', [
    ['GET', '/datasets', 'user', 'List the datasets'],
    ['PUT', '/datasets/{dataset}', 'operator', 'Create a dataset, or change its schema'],
    ['GET', '/datasets/{dataset}', 'user', 'Get a dataset'],
    ['POST', '/datasets/{dataset}/files', 'operator', 'Add a file to a dataset as a new version'],
    ['GET', '/datasets/{dataset}/versions', 'user', 'List the versions of a dataset'],
    ['GET', '/datasets/{dataset}/quarantine', 'user', 'List the refused rows of a dataset'],
  ]),
  ...routesOf('preprocessing', [
    ['PUT', '/recipes/{recipe}', 'operator', 'Create or change a recipe'],
    ['GET', '/recipes/{recipe}', 'user', 'Get a recipe'],
    ['POST', '/recipes/{recipe}/runs', 'operator', 'Run a recipe on a version of its dataset'],
    ['GET', '/recipes/{recipe}/runs', 'user', 'List the runs of a recipe with their checks'],
  ]),
  ...routesOf('features', [
    ['PUT', '/entities/{entity}', 'operator', 'Describe an entity by its join keys'],
    ['GET', '/feature-views', 'user', 'List the feature views'],
    ['PUT', '/feature-views/{view}', 'operator', 'Create or change a feature view'],
    ['GET', '/feature-views/{view}', 'user', 'Get a feature view'],
    ['POST', '/feature-views/{view}/materialize', 'operator', 'Write the newest features into the online store'],
    ['POST', '/get-online-features', 'user', 'Get the newest features of entities'],
    ['POST', '/training-sets', 'operator', 'Join labels with the features that were known at their time'],
    ['GET', '/training-sets/{id}', 'user', 'Get a training set'],
  ]),
  ...routesOf('training', [
    ['GET', '/models/{model}/versions', 'user', 'List the trained versions of a model'],
    ['GET', '/mlflow/api/2.0/{path+}', 'user', 'Read experiments, runs, versions and artifacts as MLflow does'],
    ['POST', '/mlflow/api/2.0/{path+}', 'operator', 'Track and register as MLflow does'],
    ['PUT', '/mlflow/api/2.0/{path+}', 'operator', 'Upload an artifact as MLflow does'],
    ['PATCH', '/mlflow/api/2.0/{path+}', 'operator', 'Change registered models as MLflow does'],
    ['DELETE', '/mlflow/api/2.0/{path+}', 'operator', 'Delete runs and experiments as MLflow does'],
  ]),
  ...routesOf('serving', [
    ['GET', '/models/{model}/deployments', 'user', 'List the deployments of a model'],
    ['POST', '/models/{model}/deployments', 'operator', 'Deploy a version if it passes the gate'],
    ['POST', '/models/{model}/rollback', 'operator', 'Roll back to the previous version'],
    ['POST', '/models/{model}/deployments/rollback', 'operator', 'Roll back to the previous version'],
    ['POST', '/entities/{entity}/{id}/predict/{model}', 'user', 'Predict with the newest features of an entity'],
    ['GET', '/entities/{entity}/{id}/predictions', 'user', 'List my predictions for an entity'],
    ['GET', '/tasks/{id}/lineage', 'user', 'Get the lineage of a prediction'],
    [
      'GET',
      '/datasets/{dataset}/versions/{version}/lines/{line}/predictions',
      'user',
      'List my predictions that have used a row of a dataset',
    ],
  ]),
  ...routesOf('pipelines', [
    ['GET', '/pipelines', 'user', 'List the pipelines'],
    ['PUT', '/pipelines/{pipeline}', 'operator', 'Define a pipeline'],
    ['GET', '/pipelines/{pipeline}', 'user', 'Get a pipeline'],
    ['GET', '/pipelines/{pipeline}/runs', 'user', 'List the runs of a pipeline'],
    ['POST', '/pipelines/{pipeline}/runs', 'operator', 'Start a run of a pipeline'],
    ['POST', '/pipelines/{pipeline}/backfill', 'operator', 'Start or resume a backfill of past dates'],
    ['GET', '/pipelines/{pipeline}/runs/{id}', 'user', 'Get a run of a pipeline with its log'],
    ['POST', '/pipelines/{pipeline}/runs/{id}/cancel', 'operator', 'Cancel a run of a pipeline'],
    ['POST', '/pipelines/{pipeline}/runs/{id}/retry', 'operator', 'Run a pipeline again from a stage'],
  ]),
  ...routesOf('monitoring', [
    ['POST', '/outcomes', 'user', 'Report outcomes of my predictions'],
    ['GET', '/users/me/consent', 'user', 'Get my consent to the prediction log'],
    ['PUT', '/users/me/consent', 'user', 'Set my consent to the prediction log'],
    ['GET', '/models/{model}/monitor', 'user', 'Get the data quality, drift and errors of a model, also as a page'],
    ['GET', '/lifecycle/metrics', 'operator', 'Get drift and errors in the text format of Prometheus'],
    ['PUT', '/models/{model}/monitor', 'operator', 'Set the windows, tests and thresholds of a model'],
  ]),
  ...routesOf('alerts', [
    ['GET', '/alerts', 'user', 'List the alerts, newest first'],
    ['GET', '/alerts/{fingerprint}/deliveries', 'operator', 'List the deliveries of an alert'],
    ['GET', '/alert-rules', 'operator', 'List the alert rules'],
    ['PUT', '/alert-rules/{rule}', 'operator', 'Create or change a rule'],
    ['DELETE', '/alert-rules/{rule}', 'operator', 'Delete a rule'],
    ['GET', '/silences', 'user', 'List the active silences'],
    ['POST', '/silences', 'operator', 'Create a silence'],
    ['DELETE', '/silences/{id}', 'operator', 'End a silence'],
  ]),
];

/** The routes of a process that has a lifecycle. */
export const ALL_ROUTES: readonly Route[] = [...ROUTES, ...LIFECYCLE_ROUTES];

type Row = readonly [method: Method, path: Route['path'], role: UserRole, summary: string];

function routesOf(service: LifecycleService, rows: readonly Row[]): readonly LifecycleRoute[] {
  return rows.map(([method, path, role, summary]) => ({
    ...{ method, path, role, summary, service },
    handler: 'lifecycle',
    ...(path.endsWith('/files') || (method === 'PUT' && path.endsWith(REST_OF_PATH)) ? { takesFiles: true } : {}),
  }));
}
