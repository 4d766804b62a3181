import {
  bodyType,
  type HandlerDeps,
  type HttpRequest,
  httpHandler,
  JSON_TYPE,
  json,
  messageAnswer,
  modelForTasks,
  negotiate,
  orAccepted,
  PROTOBUF_TYPE,
  type ProxyResult,
  predictionProblem,
  presentPrediction,
  quotaForTasks,
  refuseWithoutInstance,
  resultOf,
  SUBMIT_ROUTES,
  sendProblem,
  submitOptions,
  submittedAnswer,
  taskPath,
  waitPreference,
  waitWhileUseful,
  wakesTooLate,
} from '#api';
import { loadCodec } from '#contract';
import { codeOf, isLinked, isTerminal, type ServedModel, submitTask, type Task } from '#core';

/** Default wait of the `/predict` routes. */
const PREDICT_WAIT_SECONDS = 20;

const OFFERED = [JSON_TYPE, PROTOBUF_TYPE] as const;

/**
 * `POST /models/{model}/tasks` returns at once, `POST /predict/{model}` waits, `POST /api/predict/{model}` returns only
 * the prediction. On both, a task that ended without a result is a problem. `/predict` offers the bare result as
 * protobuf.
 */
export const createHandler = (deps: HandlerDeps) =>
  httpHandler(
    deps,
    async function submit(request) {
      const isPredict = request.route.includes('/predict/');
      const type = negotiate(
        request.headers.list('accept'),
        request.route.startsWith('/predict/') ? OFFERED : [JSON_TYPE],
      );
      const preference = waitPreference(request.headers);
      const arrivedAt = deps.platform.clock.now();
      const accepted = await acceptTask(deps, request, preference.seconds);
      // No default wait for a model that does not start.
      const usualSeconds = isPredict && !accepted.served.failure ? PREDICT_WAIT_SECONDS : 0;
      const waitedSeconds = wakesTooLate(deps, accepted.served) ? 0 : (preference.seconds ?? usualSeconds);
      const task =
        waitedSeconds === 0
          ? accepted.task
          : await ended(deps, request, accepted.task, arrivedAt + waitedSeconds * 1000);
      const runMs = waitedSeconds === 0 ? undefined : runMsOf(task, accepted);
      if (runMs !== undefined) request.ran(runMs);
      if (isPredict && isTerminal(task.state) && waitedSeconds > 0) {
        if (task.state !== 'succeeded') {
          return sendProblem(predictionProblem(task, request.path), { Location: taskPath(task.id) });
        }
        if (request.route.startsWith('/api/') && !isLinked(task))
          return located(task, await predictionAnswer(deps, request, { ...accepted, task }));
        if (type === PROTOBUF_TYPE) return located(task, await messageAnswer(deps, task));
      }
      return submittedAnswer(deps, task, { ...preference, waitedSeconds });
    },
    { routes: SUBMIT_ROUTES, produces: '*' },
  );

/** Says where the task is, unless the answer leads elsewhere. The call log reads it, too. */
const located = (task: Task, answer: ProxyResult): ProxyResult => ({
  ...answer,
  headers: { Location: taskPath(task.id), ...answer.headers },
});

/**
 * Duration of the model's run, 0 if no instance has started the task: then all of its time was delay. Undefined if
 * unknown: after a repeated submit, several attempts, during a run, and for a sleeping model.
 */
function runMsOf(task: Task, { task: submitted, served }: Accepted): number | undefined {
  if (submitted.state !== 'queued' || submitted.attempts > 0) return undefined;
  if (task.state === 'queued') return served.live.length > 0 ? 0 : undefined;
  const { attempts, startedAt, endedAt } = task;
  return attempts === 1 && startedAt !== undefined && endedAt !== undefined ? endedAt - startedAt : undefined;
}

function ended(deps: HandlerDeps, { caller, signal }: HttpRequest, task: Task, until: number): Promise<Task> {
  const waitMs = Math.max(0, until - deps.platform.clock.now());
  const wait = { id: task.id, owner: caller.id, waitMs, signal, known: task };
  return waitWhileUseful(deps, wait).catch(orAccepted(task));
}

async function predictionAnswer(
  { platform, transcoder }: HandlerDeps,
  request: HttpRequest,
  { task, served, encoded }: Accepted,
): Promise<ProxyResult> {
  const result = await resultOf(platform, task);
  const isJson = bodyType(request.headers) === JSON_TYPE;
  const input = isJson ? transcoder.raw(request.body()) : await transcoder.requestJson(served.descriptor, encoded);
  const flat = await transcoder.flatResponse(result.contract, result.bytes);
  return json(200, presentPrediction({ model: served.model, input, result: flat }));
}

/** An accepted task with the model that serves it. */
export interface Accepted {
  readonly task: Task;
  readonly served: ServedModel;
  /** The encoded request message. */
  readonly encoded: Uint8Array;
}

/** Accepts a submit and wakes a sleeping model. Rejects when the task was not accepted. `seconds`: see `placesOf`. */
async function acceptTask(deps: HandlerDeps, request: HttpRequest, seconds: number | undefined): Promise<Accepted> {
  const { metrics, wakeWhenAsleep } = deps;
  try {
    const accepted = await accept(deps, request, seconds);
    await wakeWhenAsleep(accepted.served);
    return accepted;
  } catch (error) {
    metrics.count('SubmitsRefused', { outcome: codeOf(error) });
    throw error;
  }
}

async function accept(deps: HandlerDeps, request: HttpRequest, seconds: number | undefined): Promise<Accepted> {
  const { platform, transcoder } = deps;
  const options = submitOptions(request.headers);
  const type = bodyType(request.headers);
  const body = request.body();
  const [served] = await Promise.all([modelForTasks(deps, request), loadCodec()]);
  refuseWithoutInstance(served);
  const encoded = await transcoder.encodeRequest(served.descriptor, type, body);
  const task = await submitTask(platform, {
    ...options,
    requestId: request.id,
    owner: request.caller.id,
    model: served.model.name,
    contract: served.contract,
    request: encoded,
    limits: served.model.limits,
    quota: quotaForTasks(deps, request, served, seconds),
  });
  return { task, served, encoded };
}
