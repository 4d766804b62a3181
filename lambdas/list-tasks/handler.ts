import { type HandlerDeps, type HttpRequest, httpHandler, idOfUser, json, summarizeTask } from '#api';
import {
  listTasks,
  listTasksOfAll,
  ModelyardError,
  modelAddress,
  parseAddress,
  TASK_STATES,
  type UserStore,
  versionedName,
} from '#core';

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;
/** Users whose lists one request merges. */
const MAX_OWNERS = 500;

/** `GET /tasks`: the caller's tasks, newest first, without results. Admins also ask for those of others. */
export const createHandler = (deps: HandlerDeps) =>
  httpHandler(deps, async function listMyTasks(request) {
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
  });

/** Whose tasks an admin asks for. Undefined: the caller's own. */
async function otherOwners({ users }: HandlerDeps, { caller, query }: HttpRequest): Promise<string[] | undefined> {
  const [isAll, user] = [query.flag('all'), query.one('user')];
  if (!isAll && user === undefined) return undefined;
  // A key of an admin with limits is for less.
  if (caller.role !== 'admin' || caller.scopes || caller.models) {
    throw new ModelyardError('forbidden', 'Only admins see the tasks of other users.');
  }
  if (user !== undefined) return [await idOfUser(users, user)];
  return [...new Set([caller.id, ...(await idsOf(users))])];
}

async function idsOf(users: UserStore | undefined): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await users?.list({ limit: MAX_LIMIT, ...(cursor === undefined ? {} : { cursor }) });
    ids.push(...(page?.users.map(({ id }) => id) ?? []));
    cursor = page?.nextCursor;
    if (ids.length > MAX_OWNERS) {
      throw new ModelyardError('invalid_request', `There are more than ${MAX_OWNERS} users: name one by ?user=.`);
    }
  } while (cursor !== undefined);
  return ids;
}
