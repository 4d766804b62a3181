import {
  EVENTS_TYPE,
  eventsAnswer,
  followTask,
  type HandlerDeps,
  type HttpRequest,
  httpHandler,
  JSON_TYPE,
  json,
  negotiate,
  type ProxyResult,
  presentHistory,
  taskAnswer,
  taskIdOf,
  waitPreference,
} from '#api';
import { getTask as readTask } from '#core';

/** `GET /tasks/{id}`, `GET /models/{model}/tasks/{id}`, `GET /tasks/{id}/history` and `GET /tasks/{id}/events`. */
export const createHandler = (deps: HandlerDeps) => httpHandler(deps, answerOf(deps), { produces: '*' });

const answerOf = (deps: HandlerDeps) =>
  async function getTask(request: HttpRequest): Promise<ProxyResult> {
    const accept = request.headers.list('accept');
    if (request.route.endsWith('/events')) {
      negotiate(accept, [EVENTS_TYPE]);
      return eventsAnswer(deps, request);
    }
    negotiate(accept, [JSON_TYPE]);
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
  };
