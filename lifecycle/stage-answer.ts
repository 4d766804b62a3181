import {
  type HttpRequest,
  json,
  type ProxyResult,
  predictionProblem,
  sendProblem,
  submittedAnswer,
  taskPath,
  waitPreference,
} from '#api';
import { isTerminal, type JsonObject, ModelyardError, waitForTask } from '#core';
import { stageResult } from '#core/stages';
import type { ServingLifecycle } from './service.ts';
import { type StageStart, startStage } from './stages.ts';

/** How long an answer waits for the stage when the caller does not say. */
const DEFAULT_WAIT_SECONDS = 20;

/**
 * Starts a stage and answers with its result, or with a problem when it fails. When it takes longer than the caller
 * waits, answers 202 with the task.
 */
export async function stageAnswer(
  { deps, ...lifecycle }: ServingLifecycle,
  request: HttpRequest,
  start: Omit<StageStart, 'owner'>,
  present: (result: JsonObject) => ProxyResult = (result) => json(200, result),
): Promise<ProxyResult> {
  const preference = waitPreference(request.headers);
  const waitedSeconds = preference.seconds ?? DEFAULT_WAIT_SECONDS;
  const submitted = await startStage(lifecycle, { ...start, owner: request.caller.id });
  const { id, owner } = submitted;
  const wait = { id, owner, waitMs: waitedSeconds * 1000, signal: request.signal, known: submitted };
  const task = waitedSeconds === 0 ? submitted : await waitForTask(deps.waits, wait);
  if (!isTerminal(task.state)) return submittedAnswer(deps, task, { ...preference, waitedSeconds });
  // Of a name in the path or the body, not of the task.
  if (task.error?.code === 'resource_not_found') throw new ModelyardError('resource_not_found', task.error.message);
  if (task.state !== 'succeeded') {
    return sendProblem(predictionProblem(task, request.path), { Location: taskPath(task.id) });
  }
  return present(await stageResult(lifecycle.platform, task));
}
