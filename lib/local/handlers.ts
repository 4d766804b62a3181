import type { HandlerDeps, HandlerName, ProxyHandler } from '#api';
import { createHandler as getModel } from '#lambdas/get-model/handler.ts';
import { createHandler as getResult } from '#lambdas/get-result/handler.ts';
import { createHandler as getTask } from '#lambdas/get-task/handler.ts';
import { createHandler as health } from '#lambdas/health/handler.ts';
import { createHandler as listModels } from '#lambdas/list-models/handler.ts';
import { createHandler as listTasks } from '#lambdas/list-tasks/handler.ts';
import { createHandler as submitTask } from '#lambdas/submit-task/handler.ts';

/** Every HTTP handler, in this process. Does not compile while one of the route table is missing. */
export const createHandlers = (deps: HandlerDeps): Readonly<Record<HandlerName, ProxyHandler>> => ({
  'submit-task': submitTask(deps),
  'get-task': getTask(deps),
  'get-result': getResult(deps),
  'list-tasks': listTasks(deps),
  'list-models': listModels(deps),
  'get-model': getModel(deps),
  health: health(deps),
});
