import { followTask, type HandlerDeps, httpHandler, taskAnswer, waitPreference } from '#api';

/** `GET /tasks/{id}` and `GET /models/{model}/tasks/{id}`. */
export const createHandler = (deps: HandlerDeps) =>
  httpHandler(deps, async function getTask(request) {
    const wait = waitPreference(request.headers);
    const model = request.param('model');
    const task = await followTask(deps, request, {
      id: request.param('id'),
      ...(model === '' ? {} : { model }),
      wait,
    });
    return taskAnswer(deps, task, { statusCode: 200, wait });
  });
