import { comparePositions, cursorsOf, type ListPosition } from '../lists.ts';
import { listTasks, type ReadDeps } from './read-tasks.ts';
import type { Task } from './task.ts';
import type { TaskPage, TaskQuery } from './task-store.ts';

/** Lists that are read at the same time. */
const CONCURRENCY = 16;

interface AllQuery extends Omit<TaskQuery, 'owner'> {
  readonly owners: readonly string[];
}

/** The list of all owners has cursors of its own. */
const ALL = cursorsOf({ of: 'tasks', owner: '' });

/**
 * One page of the tasks of many owners, newest first, merged from a page of each. May be short although there is a next
 * one. Rejects with `invalid_request` for an unknown cursor.
 */
export async function listTasksOfAll(deps: ReadDeps, { owners, cursor, ...query }: AllQuery): Promise<TaskPage> {
  const after = ALL.after(cursor);
  const pages: Read[] = [];
  for (let at = 0; at < owners.length; at += CONCURRENCY) {
    pages.push(
      ...(await Promise.all(owners.slice(at, at + CONCURRENCY).map((owner) => readOne(deps, query, owner, after)))),
    );
  }
  // What comes after the first end of an unfinished list may have newer neighbours that were not read.
  const [boundary] = pages.flatMap(({ end }) => end ?? []).sort(comparePositions);
  const known = pages
    .flatMap(({ tasks }) => tasks)
    .filter((task) => boundary === undefined || comparePositions(task, boundary) <= 0)
    .sort(comparePositions);
  const tasks = known.slice(0, query.limit);
  return { tasks, ...ALL.next(known.length > query.limit ? tasks.at(-1) : boundary) };
}

interface Read {
  readonly tasks: readonly Task[];
  /** Where the page ends, if there is a next one. */
  readonly end: ListPosition | undefined;
}

async function readOne(
  deps: ReadDeps,
  query: Omit<AllQuery, 'owners' | 'cursor'>,
  owner: string,
  after: ListPosition | undefined,
): Promise<Read> {
  const cursors = cursorsOf({ of: 'tasks', owner });
  const { nextCursor: cursor } = cursors.next(after);
  const page = await listTasks(deps, { ...query, owner, ...(cursor === undefined ? {} : { cursor }) });
  return { tasks: page.tasks, end: cursors.after(page.nextCursor) };
}
