import {
  bothQuotas,
  ModelyardError,
  modelFailing,
  type ServedModel,
  STAGE_MODEL,
  type Task,
  type TaskQuota,
} from '#core';
import type { HandlerDeps } from './handler-deps.ts';
import type { HttpRequest } from './http-request.ts';

/** The model in the path of a submit. Rejects with `model_not_found` also for the model of the lifecycle's stages. */
export async function modelForTasks({ models }: Pick<HandlerDeps, 'models'>, request: HttpRequest) {
  const served = await models.served(request.param('model'));
  // Also by the address of a version.
  if (served.model.name === STAGE_MODEL) {
    throw new ModelyardError('model_not_found', `${STAGE_MODEL} takes no predictions.`);
  }
  return served;
}

/** Throws `model_failing` or `no_live_instance` for a model that accepts no tasks in its present state. */
export function refuseWithoutInstance({ model, live, failure }: ServedModel): void {
  if (failure && !model.limits.acceptWhenFailing) throw modelFailing(model.name, failure);
  if (live.length > 0 || model.limits.acceptWhenAsleep) return;
  throw new ModelyardError('no_live_instance', 'No instance of this model is running. The task was not accepted.');
}

/** The limits of the model and of the caller. With `seconds`, tasks wait so long for places in a full backlog. */
export function quotaForTasks(
  { placesOf, quotaOf, forecast }: Pick<HandlerDeps, 'placesOf' | 'quotaOf' | 'forecast'>,
  { caller, signal }: HttpRequest,
  served: ServedModel,
  seconds?: number,
): TaskQuota {
  const places = placesOf(served, seconds ? { seconds, signal } : undefined);
  return bothQuotas(
    places,
    quotaOf?.(caller, async (task) => (await forecast(task)).endsAt),
  );
}

/** Recovery of a wait that failed: its task was accepted, so the response must not look like a refusal. */
export const orAccepted =
  (task: Task) =>
  (error: unknown): Task => {
    if (error instanceof ModelyardError && error.retryable) return task;
    throw error;
  };
