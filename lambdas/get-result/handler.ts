import {
  followTask,
  type HandlerDeps,
  type HttpRequest,
  httpHandler,
  inProgressAnswer,
  JSON_TYPE,
  json,
  linksOf,
  messageAnswer,
  negotiate,
  PROTOBUF_TYPE,
  resultOf,
  resultProblem,
  sendProblem,
  VARIES,
  waitPreference,
} from '#api';
import { isLinked, isTerminal, ModelyardError } from '#core';

const OFFERED = [JSON_TYPE, PROTOBUF_TYPE] as const;

/** `GET /models/{model}/result?task_id=`: the result with its status as JSON, or the bare message as protobuf. */
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
      if (!isTerminal(task.state)) return inProgressAnswer(deps, task);
      if (task.state !== 'succeeded') return sendProblem(resultProblem(task, request.path));
      if (negotiate(request.headers.list('accept'), OFFERED) === PROTOBUF_TYPE) return messageAnswer(deps, task);
      if (isLinked(task)) {
        const links = await linksOf(deps.platform, task);
        return json(200, { task_id: task.id, status: 'completed', result: null, links }, VARIES);
      }
      const { contract, bytes } = await resultOf(deps.platform, task);
      const result = await deps.transcoder.responseJson(contract, bytes);
      return json(200, { task_id: task.id, status: 'completed', result }, VARIES);
    },
    { produces: OFFERED },
  );

function requiredTaskId({ query }: HttpRequest): string {
  const id = query.one('task_id');
  if (id === undefined) throw new ModelyardError('invalid_request', 'The query parameter task_id is missing.');
  return id;
}
