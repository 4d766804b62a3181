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
  presentRequest,
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
    if (request.route.endsWith('/history')) return historyAnswer(deps, request);
    const wait = waitPreference(request.headers);
    const model = request.param('model');
    const task = await followTask(deps, request, {
      id: request.param('id'),
      ...(model === '' ? {} : { model }),
      wait,
    });
    return taskAnswer(deps, task, { statusCode: 200, wait });
  };

/** With `?request=true` the request too. Null if it is not kept, or is too large for an answer. */
async function historyAnswer(deps: HandlerDeps, request: HttpRequest): Promise<ProxyResult> {
  const isAsked = request.query.flag('request');
  const task = await readTask(deps.waits, { id: taskIdOf(request), owner: request.caller.id });
  return json(200, { ...presentHistory(task), ...(isAsked ? { request: await presentRequest(deps, task) } : {}) });
}
