import { type HandlerDeps, httpHandler, taskAnswer, waitPreference } from '#api';
import { waitForTask } from '#core';

/** `GET /tasks/{id}` and `GET /models/{model}/tasks/{id}`: the task, at once or when it has ended. */
export const createHandler = (deps: HandlerDeps) =>
  httpHandler(deps, async function getTask(request) {
    const wait = waitPreference(request.headers);
    const model = request.param('model');
    const task = await waitForTask(deps.waits, {
      id: request.param('id'),
      owner: request.caller.id,
      ...(model === '' ? {} : { model }),
      waitMs: (wait.seconds ?? 0) * 1000,
      signal: request.signal,
    });
    return taskAnswer(deps, task, { statusCode: 200, wait });
  });
