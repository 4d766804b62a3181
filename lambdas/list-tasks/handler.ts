import {
  EVENTS_TYPE,
  type HandlerDeps,
  type HttpRequest,
  httpHandler,
  JSON_TYPE,
  json,
  negotiate,
  type ProxyResult,
  summarizeTask,
} from '#api';
import {
  listTasks,
  listTasksOfAll,
  ModelyardError,
  modelAddress,
  parseAddress,
  TASK_STATES,
  versionedName,
} from '#core';
import { otherOwners } from './owners.ts';

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;

interface Options {
  /** Answers `GET /events`. @default 204: there are no streams, so browsers do not connect again */
  readonly changes?: (request: HttpRequest) => Promise<ProxyResult>;
}

/** `GET /tasks`: the caller's tasks, newest first, without results. Admins also ask for those of others. `GET /events`. */
export const createHandler = (deps: HandlerDeps, { changes }: Options = {}) =>
  httpHandler(
    deps,
    async function listMyTasks(request) {
      const accept = request.headers.list('accept');
      if (request.route === '/events') {
        // Only for who names events: others would wait for the end of an answer without one.
        if (negotiate(accept, [JSON_TYPE, EVENTS_TYPE]) === JSON_TYPE) {
          throw new ModelyardError('not_acceptable', `This route is for Accept: ${EVENTS_TYPE}.`);
        }
        return changes?.(request) ?? { statusCode: 204, headers: {}, body: '' };
      }
      negotiate(accept, [JSON_TYPE]);
      return listed(deps, request);
    },
    { produces: '*' },
  );

async function listed(deps: HandlerDeps, request: HttpRequest): Promise<ProxyResult> {
  const { caller, query } = request;
  const address = parseAddress(query.matching('model', modelAddress) ?? '');
  const model = address && versionedName({ version: 1, ...address });
  const state = query.word('state', TASK_STATES);
  const cursor = query.one('cursor');
  const asked = {
    limit: query.integer('limit', { min: 1, max: MAX_LIMIT }) ?? DEFAULT_LIMIT,
    ...(model === undefined ? {} : { model }),
    ...(state === undefined ? {} : { state }),
    ...(cursor === undefined ? {} : { cursor }),
  };
  const others = await otherOwners(deps, request);
  const page = others
    ? await listTasksOfAll(deps.platform, { ...asked, owners: others })
    : await listTasks(deps.platform, { ...asked, owner: caller.id });
  const present = others
    ? (task: (typeof page.tasks)[number]) => ({ ...summarizeTask(task), user_id: task.owner })
    : summarizeTask;
  return json(200, { tasks: page.tasks.map(present), next_cursor: page.nextCursor ?? null });
}
