import { type HandlerDeps, httpHandler, json, originOf, presentTask, taskIdOf, wakeModelOf } from '#api';
import { retryTask } from '#core';

/** `POST /tasks/{id}/retry`: runs a failed or expired task again, under the same id. */
export const createHandler = (deps: HandlerDeps) =>
  httpHandler(deps, async function retry(request) {
    const { caller } = request;
    // This handler may not measure queues, so no refusal estimates when a task will end.
    const quota = deps.quotaOf?.(caller, async () => undefined);
    const lookup = { id: taskIdOf(request), owner: caller.id };
    const task = await retryTask(deps.platform, lookup, { ...originOf(request), quota });
    await wakeModelOf(deps, task);
    return json(202, await presentTask(deps, task));
  });
