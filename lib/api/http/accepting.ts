import { ModelyardError, modelFailing, type ServedModel } from '#core';

/** Throws `model_failing` or `no_live_instance` for a model that accepts no tasks in its present state. */
export function refuseWithoutInstance({ model, live, failure }: ServedModel): void {
  if (failure && !model.limits.acceptWhenFailing) throw modelFailing(model.name, failure);
  if (live.length > 0 || model.limits.acceptWhenAsleep) return;
  throw new ModelyardError('no_live_instance', 'No instance of this model is running. The task was not accepted.');
}
