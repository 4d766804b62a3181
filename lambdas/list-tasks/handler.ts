import { type HandlerDeps, httpHandler, json, summarizeTask } from '#api';
import { listTasks, modelAddress, parseAddress, TASK_STATES, versionedName } from '#core';

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;

/** `GET /tasks`: the caller's tasks, newest first, without results. */
export const createHandler = (deps: HandlerDeps) =>
  httpHandler(deps, async function listMyTasks({ caller, query }) {
    const address = parseAddress(query.matching('model', modelAddress) ?? '');
    const model = address && versionedName({ version: 1, ...address });
    const state = query.word('state', TASK_STATES);
    const cursor = query.one('cursor');
    const page = await listTasks(deps.platform, {
      owner: caller.id,
      limit: query.integer('limit', { min: 1, max: MAX_LIMIT }) ?? DEFAULT_LIMIT,
      ...(model === undefined ? {} : { model }),
      ...(state === undefined ? {} : { state }),
      ...(cursor === undefined ? {} : { cursor }),
    });
    return json(200, { tasks: page.tasks.map(summarizeTask), next_cursor: page.nextCursor ?? null });
  });
