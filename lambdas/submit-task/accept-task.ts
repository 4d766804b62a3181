import { bodyType, type HandlerDeps, type HttpRequest, submitOptions } from '#api';
import { loadCodec } from '#contract';
import { ModelyardError, type ServedModel, submitTask, type Task } from '#core';

/** An accepted task with the model that serves it. */
export interface Accepted {
  readonly task: Task;
  readonly served: ServedModel;
  /** The encoded request message. */
  readonly encoded: Uint8Array;
}

/** Accepts a submit and wakes a sleeping model. Rejects when nothing was accepted. */
export async function acceptTask(deps: HandlerDeps, request: HttpRequest): Promise<Accepted> {
  const { metrics, wakeWhenAsleep } = deps;
  try {
    const accepted = await accept(deps, request);
    await wakeWhenAsleep(accepted.served);
    return accepted;
  } catch (error) {
    metrics.count('SubmitsRefused', { outcome: error instanceof ModelyardError ? error.code : 'internal' });
    throw error;
  }
}

async function accept(
  { platform, models, transcoder, enterBacklog }: HandlerDeps,
  request: HttpRequest,
): Promise<Accepted> {
  const options = submitOptions(request.headers);
  const type = bodyType(request.headers);
  const body = request.body();
  const [served] = await Promise.all([models.served(request.param('model')), loadCodec()]);
  refuseWhenAsleep(served);
  const encoded = await transcoder.encodeRequest(served.descriptor, type, body);
  await enterBacklog(served);
  const task = await submitTask(platform, {
    ...options,
    owner: request.caller.id,
    model: served.model.name,
    contract: served.contract,
    request: encoded,
    limits: served.model.limits,
  });
  return { task, served, encoded };
}

function refuseWhenAsleep({ model, live }: ServedModel): void {
  if (live.length > 0 || model.limits.acceptWhenAsleep) return;
  throw new ModelyardError('no_live_instance', 'No instance of this model is running; nothing was accepted.');
}
