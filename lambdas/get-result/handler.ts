import {
  followTask,
  type HandlerDeps,
  type HttpRequest,
  httpHandler,
  JSON_TYPE,
  json,
  negotiate,
  PROTOBUF_TYPE,
  type ProxyResult,
  resultProblem,
  sendProblem,
  taskAnswer,
  waitPreference,
} from '#api';
import { isTerminal, ModelyardError, readResult, type Task } from '#core';

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

async function resultAnswer(
  { platform, transcoder }: HandlerDeps,
  request: HttpRequest,
  task: Task,
): Promise<ProxyResult> {
  const type = negotiate(request.headers.list('accept'), OFFERED);
  const result = await readResult(platform, task);
  if (!result) throw new ModelyardError('internal', `The task ${task.id} succeeded without a result.`);
  if (type === JSON_TYPE) return json(200, await transcoder.responseJson(result.contract, result.bytes), VARIES);
  return {
    statusCode: 200,
    headers: {
      'Content-Type': PROTOBUF_TYPE,
      'Content-Disposition': `attachment; filename="${task.id}.binpb"`,
      ...VARIES,
    },
    body: Buffer.from(result.bytes).toString('base64'),
    isBase64Encoded: true,
  };
}

/** Caches must not mix formats. */
const VARIES = { Vary: 'Accept' } as const;

function requiredTaskId({ query }: HttpRequest): string {
  const id = query.one('task_id');
  if (id === undefined) throw new ModelyardError('invalid_request', 'The query parameter task_id is missing.');
  return id;
}
