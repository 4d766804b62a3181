import { type HandlerDeps, httpHandler, json, presentTask, taskIdOf } from '#api';
import { cancelTask } from '#core';

/** `POST /tasks/{id}/cancel`: the task has ended as canceled when this answers. */
export const createHandler = (deps: HandlerDeps) =>
  httpHandler(deps, async function cancel(request) {
    const task = await cancelTask(deps.platform, { id: taskIdOf(request), owner: request.caller.id });
    return json(202, await presentTask(deps, task));
  });
