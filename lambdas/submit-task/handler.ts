import {
  bodyType,
  type HandlerDeps,
  type HttpRequest,
  httpHandler,
  JSON_TYPE,
  json,
  type ProxyResult,
  presentPrediction,
  resultProblem,
  SUBMIT_ROUTES,
  sendProblem,
  submittedAnswer,
  waitPreference,
} from '#api';
import { isTerminal, ModelyardError, readResult, type Task, waitForTask } from '#core';
import { type Accepted, acceptTask } from './accept-task.ts';

/** Default wait of the `/predict` routes. */
const PREDICT_WAIT_SECONDS = 20;

/**
 * `POST /models/{model}/tasks` returns at once, `POST /predict/{model}` waits, `POST /api/predict/{model}` returns only
 * the prediction.
 */
export const createHandler = (deps: HandlerDeps) =>
  httpHandler(
    deps,
    async function submit(request) {
      const preference = waitPreference(request.headers);
      const waitedSeconds = preference.seconds ?? (request.route.includes('/predict/') ? PREDICT_WAIT_SECONDS : 0);
      const accepted = await acceptTask(deps, request);
      const task = waitedSeconds === 0 ? accepted.task : await ended(deps, request, accepted.task, waitedSeconds);
      const isBare = request.route.startsWith('/api/') && isTerminal(task.state) && waitedSeconds > 0;
      if (isBare) return predictionAnswer(deps, request, { ...accepted, task });
      return submittedAnswer(deps, task, { ...preference, waitedSeconds });
    },
    { routes: SUBMIT_ROUTES },
  );

async function ended({ waits }: HandlerDeps, { caller, signal }: HttpRequest, task: Task, seconds: number) {
  try {
    return await waitForTask(waits, { id: task.id, owner: caller.id, waitMs: seconds * 1000, signal, known: task });
  } catch (error) {
    // The task was accepted, so a failed wait must not look like a refusal.
    if (error instanceof ModelyardError && error.retryable) return task;
    throw error;
  }
}

async function predictionAnswer(
  { platform, transcoder }: HandlerDeps,
  request: HttpRequest,
  { task, served, encoded }: Accepted,
): Promise<ProxyResult> {
  const result = await readResult(platform, task);
  if (!result) return sendProblem(resultProblem(task, request.path));
  const isJson = bodyType(request.headers) === JSON_TYPE;
  const input = isJson ? transcoder.raw(request.body()) : await transcoder.requestJson(served.descriptor, encoded);
  const flat = await transcoder.flatResponse(result.contract, result.bytes);
  return json(200, presentPrediction({ model: served.model, input, result: flat }));
}
