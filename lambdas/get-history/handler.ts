import { type HandlerDeps, httpHandler, json, presentHistory, taskIdOf } from '#api';
import { getTask } from '#core';

/** `GET /tasks/{id}/history`: attempts, and who canceled, retried and redrove. */
export const createHandler = (deps: HandlerDeps) =>
  httpHandler(deps, async function getHistory(request) {
    const task = await getTask(deps.waits, { id: taskIdOf(request), owner: request.caller.id });
    return json(200, presentHistory(task));
  });
