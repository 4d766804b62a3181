import {
  bodyType,
  encodeRequest,
  type HandlerDeps,
  type HttpRequest,
  httpHandler,
  submitOptions,
  submittedAnswer,
  waitPreference,
} from '#api';
import { ModelyardError, type ServedModel, submitTask, type Task, waitForTask } from '#core';
import { loadCodec } from '#schema';

/** How long `POST /predict/{model}` waits when the caller does not say. */
const PREDICT_WAIT_SECONDS = 20;

/** `POST /models/{model}/tasks` accepts a task; `POST /predict/{model}` also waits for it. */
export const createHandler = (deps: HandlerDeps) =>
  httpHandler(deps, async function submit(request) {
    const preference = waitPreference(request.headers);
    const waitedSeconds = preference.seconds ?? (request.route.startsWith('/predict/') ? PREDICT_WAIT_SECONDS : 0);
    const submitted = await counted(deps, () => accept(deps, request));
    const task = waitedSeconds === 0 ? submitted : await ended(deps, request, submitted, waitedSeconds);
    return submittedAnswer(deps, task, { ...preference, waitedSeconds });
  });

async function accept({ platform, models, enterBacklog }: HandlerDeps, request: HttpRequest): Promise<Task> {
  const options = submitOptions(request.headers);
  const type = bodyType(request.headers);
  const body = request.body();
  const [served] = await Promise.all([models.served(request.param('model')), loadCodec()]);
  refuseWhenAsleep(served);
  const encoded = await encodeRequest(served.descriptor, type, body);
  await enterBacklog(served);
  return submitTask(platform, {
    ...options,
    owner: request.caller.id,
    model: served.model.name,
    contract: served.contract,
    request: encoded,
    limits: served.model.limits,
  });
}

function refuseWhenAsleep({ model, live }: ServedModel): void {
  if (live.length > 0 || model.limits.acceptWhenAsleep) return;
  throw new ModelyardError('no_live_instance', 'No instance of this model is running; nothing was accepted.');
}

async function ended({ platform }: HandlerDeps, { caller, signal }: HttpRequest, task: Task, seconds: number) {
  try {
    return await waitForTask(platform, { id: task.id, owner: caller.id, waitMs: seconds * 1000, signal, known: task });
  } catch (error) {
    // The task was accepted: when waiting for it fails, the caller must not take that for a refusal.
    if (error instanceof ModelyardError && error.retryable) return task;
    throw error;
  }
}

async function counted({ metrics }: HandlerDeps, accepting: () => Promise<Task>): Promise<Task> {
  try {
    const task = await accepting();
    metrics.count('TaskSubmits', { outcome: 'accepted' });
    return task;
  } catch (error) {
    metrics.count('TaskSubmits', { outcome: error instanceof ModelyardError ? error.code : 'internal' });
    throw error;
  }
}
