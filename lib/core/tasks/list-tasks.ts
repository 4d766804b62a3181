import { expireOverdue, type ReadDeps } from './get-task.ts';
import type { TaskPage, TaskQuery } from './task-store.ts';

/** One page of an owner's tasks, newest first. Rejects with `invalid_request` for a cursor that was not issued here. */
export async function listTasks(deps: ReadDeps, query: TaskQuery): Promise<TaskPage> {
  const page = await deps.tasks.list(query);
  const tasks = await Promise.all(page.tasks.map((task) => expireOverdue(deps, task)));
  return { ...page, tasks: query.state ? tasks.filter(({ state }) => state === query.state) : tasks };
}
