import { summarizeTask } from '#api';
import { dropOldest, expireOverdue, isTerminal, type ReadDeps, type Task, type TaskPage } from '#core';
import type { Change } from './topic.ts';

/** Reads one page of a list of tasks, the newest first. */
export type ReadPage = (page: { readonly limit: number; readonly cursor?: string }) => Promise<TaskPage>;

const PAGE = 100;
/** Pages that one read goes back until it finds a task that it knows. */
const MAX_PAGES = 10;
/** Unfinished tasks below the first page that are looked at, and those of them that one read gets. */
const MAX_OPEN = 1000;
const MAX_READ = 100;

/** Reads the newest tasks of a list, and those that have not ended, by id. */
export function taskReader(
  deps: ReadDeps,
  { readPage, showsOwners }: { readonly readPage: ReadPage; readonly showsOwners: boolean },
): () => Promise<ReadonlyMap<string, Change>> {
  const open = new Map<string, Task['state']>();
  let seen = new Set<string>();

  async function newest(): Promise<readonly Task[]> {
    const tasks: Task[] = [];
    let cursor: string | undefined;
    for (let pages = 0; pages < MAX_PAGES; pages += 1) {
      const page = await readPage({ limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
      tasks.push(...page.tasks);
      cursor = page.nextCursor;
      if (cursor === undefined || page.tasks.some(({ id }) => seen.has(id))) break;
    }
    return tasks;
  }

  /** Unfinished tasks that are no longer among the newest and have changed. */
  async function olderChanged(listed: ReadonlySet<string>): Promise<readonly Task[]> {
    const ids = [...open.keys()].filter((id) => !listed.has(id));
    const heads = await deps.tasks.heads(ids);
    const now = deps.clock.now();
    const changed = ids.filter((id, i) => {
      const head = heads[i];
      if (!head) open.delete(id);
      return head !== undefined && (head.state !== open.get(id) || head.deadlineAt <= now);
    });
    const tasks = await Promise.all(changed.slice(0, MAX_READ).map((id) => deps.tasks.get(id)));
    return Promise.all(tasks.filter((task) => task !== undefined).map((task) => expireOverdue(deps, task)));
  }

  return async function readTasks() {
    const listed = await newest();
    seen = new Set(listed.map(({ id }) => id));
    const tasks = [...listed, ...(await olderChanged(seen))];
    for (const { id, state } of tasks) {
      if (isTerminal(state)) open.delete(id);
      else open.set(id, state);
    }
    dropOldest(open, MAX_OPEN);
    return new Map(
      tasks.map((task) => {
        const body = { ...summarizeTask(task), ...(showsOwners ? { user_id: task.owner } : {}) };
        return [task.id, { event: 'task', data: JSON.stringify(body) }];
      }),
    );
  };
}
