import { type HandlerDeps, httpHandler, json, originOf, presentTask, taskIdOf } from '#api';
import { retryTask } from '#core';

/** `POST /tasks/{id}/retry`: runs a failed or expired task again, under the same id. */
export const createHandler = (deps: HandlerDeps) =>
  httpHandler(deps, async function retry(request) {
    const task = await retryTask(deps.platform, { id: taskIdOf(request), owner: request.caller.id }, originOf(request));
    await deps.wakeWhenAsleep(await deps.models.served(task.model));
    return json(202, await presentTask(deps, task));
  });
