import {
  followTask,
  type HandlerDeps,
  httpHandler,
  json,
  presentHistory,
  taskAnswer,
  taskIdOf,
  waitPreference,
} from '#api';
import { getTask as readTask } from '#core';

/** `GET /tasks/{id}`, `GET /models/{model}/tasks/{id}`, and what happened to a task: `GET /tasks/{id}/history`. */
export const createHandler = (deps: HandlerDeps) =>
  httpHandler(deps, async function getTask(request) {
    if (request.route.endsWith('/history')) {
      return json(200, presentHistory(await readTask(deps.waits, { id: taskIdOf(request), owner: request.caller.id })));
    }
    const wait = waitPreference(request.headers);
    const model = request.param('model');
    const task = await followTask(deps, request, {
      id: request.param('id'),
      ...(model === '' ? {} : { model }),
      wait,
    });
    return taskAnswer(deps, task, { statusCode: 200, wait });
  });
