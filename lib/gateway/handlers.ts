import type { HandlerDeps, ProxyHandler, RoutedHandlerName } from '#api';
import { createHandler as authenticateUser } from '#lambdas/authenticate-user/handler.ts';
import { createHandler as cancelTask } from '#lambdas/cancel-task/handler.ts';
import { createHandler as changeModel } from '#lambdas/change-model/handler.ts';
import { createHandler as getBatch } from '#lambdas/get-batch/handler.ts';
import { createHandler as getConsole } from '#lambdas/get-console/handler.ts';
import { createHandler as getDocs } from '#lambdas/get-docs/handler.ts';
import { createHandler as getMetrics } from '#lambdas/get-metrics/handler.ts';
import { createHandler as getModel } from '#lambdas/get-model/handler.ts';
import { createHandler as getModelSchema } from '#lambdas/get-model-schema/handler.ts';
import { createHandler as getOpenApi } from '#lambdas/get-openapi/handler.ts';
import { createHandler as getResult } from '#lambdas/get-result/handler.ts';
import { createHandler as getStats } from '#lambdas/get-stats/handler.ts';
import { createHandler as getTask } from '#lambdas/get-task/handler.ts';
import { createHandler as health } from '#lambdas/health/handler.ts';
import { createHandler as launchInstance } from '#lambdas/launch-instance/handler.ts';
import { createHandler as listCalls } from '#lambdas/list-calls/handler.ts';
import { createHandler as listInstances } from '#lambdas/list-instances/handler.ts';
import { createHandler as listModels } from '#lambdas/list-models/handler.ts';
import { createHandler as listTasks } from '#lambdas/list-tasks/handler.ts';
import { createHandler as manageAccount } from '#lambdas/manage-account/handler.ts';
import { createHandler as manageDeadLetters } from '#lambdas/manage-dead-letters/handler.ts';
import { createHandler as manageUploads } from '#lambdas/manage-uploads/handler.ts';
import { createHandler as manageUsers } from '#lambdas/manage-users/handler.ts';
import { createHandler as manageWebhooks } from '#lambdas/manage-webhooks/handler.ts';
import { createHandler as retryTask } from '#lambdas/retry-task/handler.ts';
import { createHandler as stopInstance } from '#lambdas/stop-instance/handler.ts';
import { createHandler as submitBatch } from '#lambdas/submit-batch/handler.ts';
import { createHandler as submitTask } from '#lambdas/submit-task/handler.ts';
import { createChanges } from './changes/create-changes.ts';

/** All HTTP handlers. A missing one does not compile. */
export const createHandlers = (deps: HandlerDeps): Readonly<Record<RoutedHandlerName, ProxyHandler>> => ({
  'submit-task': submitTask(deps),
  'submit-batch': submitBatch(deps),
  'manage-uploads': manageUploads(deps),
  'get-batch': getBatch(deps),
  'get-task': getTask(deps),
  'get-result': getResult(deps),
  'list-tasks': listTasks(deps, { changes: createChanges(deps) }),
  'list-calls': listCalls(deps),
  'cancel-task': cancelTask(deps),
  'get-stats': getStats(deps),
  'retry-task': retryTask(deps),
  'manage-webhooks': manageWebhooks(deps),
  'manage-dead-letters': manageDeadLetters(deps),
  'list-models': listModels(deps),
  'get-model': getModel(deps),
  'change-model': changeModel(deps),
  'get-model-schema': getModelSchema(deps),
  'get-openapi': getOpenApi(deps),
  'get-docs': getDocs(deps),
  'get-console': getConsole(deps, { compresses: true }),
  'list-instances': listInstances(deps),
  'launch-instance': launchInstance(deps),
  'stop-instance': stopInstance(deps),
  'authenticate-user': authenticateUser(deps),
  'manage-account': manageAccount(deps),
  'manage-users': manageUsers(deps),
  'get-metrics': getMetrics(deps),
  health: health(deps),
  lifecycle: lateLifecycle(deps),
});

/** Loads the lifecycle at its first request, so that the start of the process stays as it is. */
function lateLifecycle(deps: HandlerDeps): ProxyHandler {
  let handler: Promise<ProxyHandler> | undefined;
  return async function lifecycle(event, context) {
    handler ??= import('#lifecycle/handler.ts').then(({ createHandler }) =>
      createHandler(deps, { staysRunning: true }),
    );
    return (await handler)(event, context);
  };
}
