import {
  followTask,
  type HandlerDeps,
  type HttpRequest,
  httpHandler,
  JSON_TYPE,
  PROTOBUF_TYPE,
  resultAnswer,
  resultProblem,
  sendProblem,
  taskAnswer,
  waitPreference,
} from '#api';
import { isTerminal, ModelyardError } from '#core';

const OFFERED = [JSON_TYPE, PROTOBUF_TYPE] as const;

/** `GET /models/{model}/result?task_id=`: only the result, as JSON or protobuf. */
export const createHandler = (deps: HandlerDeps) =>
  httpHandler(
    deps,
    async function getResult(request) {
      const wait = waitPreference(request.headers);
      const task = await followTask(deps, request, {
        id: requiredTaskId(request),
        model: request.param('model'),
        wait,
      });
      if (!isTerminal(task.state)) return taskAnswer(deps, task, { statusCode: 202, wait });
      if (task.state !== 'succeeded') return sendProblem(resultProblem(task, request.path));
      return resultAnswer(deps, request, task);
    },
    { produces: OFFERED },
  );

function requiredTaskId({ query }: HttpRequest): string {
  const id = query.one('task_id');
  if (id === undefined) throw new ModelyardError('invalid_request', 'The query parameter task_id is missing.');
  return id;
}
