import {
  comparePositions,
  decodeCursor,
  encodeCursor,
  type Task,
  type TaskPage,
  type TaskPosition,
  type TaskQuery,
} from '#core';

/** An owner's sorted set, newest first; of the same moment, by descending id. */
interface ListingDeps {
  /** From the moment `from` ('+inf' or Unix ms) back, without the first `offset`. */
  positions(
    from: number | '+inf',
    offset: number,
    count: number,
  ): Promise<readonly { readonly value: string; readonly score: number }[]>;
  readMany(ids: readonly string[]): Promise<readonly (Task | undefined)[]>;
  /** Of tasks that are not kept any more. */
  forget(ids: readonly string[]): Promise<unknown>;
}

/** What one page may cost in tasks read. */
const MAX_ROWS_READ = 200;
const MIN_WINDOW = 25;

/** One page of an owner's tasks. Filters look at the tasks themselves, so a page may end before it is full. */
export async function listTasks(deps: ListingDeps, query: TaskQuery): Promise<TaskPage> {
  const { owner, limit } = query;
  let after = query.cursor === undefined ? undefined : decodeCursor(owner, query.cursor);
  const found: Task[] = [];
  for (let rowsRead = 0; rowsRead < MAX_ROWS_READ; ) {
    // One more than is missing tells whether there is a next page.
    const size = Math.max(limit - found.length + 1, MIN_WINDOW);
    const rows = await positionsAfter(deps, after, size);
    rowsRead += rows.length;
    const tasks = await deps.readMany(rows.map(({ id }) => id));
    const gone = rows.filter((_, index) => tasks[index] === undefined);
    if (gone.length > 0) await deps.forget(gone.map(({ id }) => id));
    for (const [index, row] of rows.entries()) {
      after = row;
      const task = tasks[index];
      if (task && matches(task, query)) found.push(task);
      if (found.length < limit) continue;
      const isLast = rows.length < size && index === rows.length - 1;
      return page(owner, found, isLast ? undefined : after);
    }
    if (rows.length < size) return page(owner, found, undefined);
  }
  return page(owner, found, after);
}

const matches = (task: Task, { model, state }: TaskQuery): boolean =>
  (model === undefined || task.model === model) && (state === undefined || task.state === state);

const page = (owner: string, tasks: readonly Task[], next: TaskPosition | undefined): TaskPage => ({
  tasks,
  ...(next === undefined ? {} : { nextCursor: encodeCursor(owner, next) }),
});

/** `size` positions behind `after`, fewer only at the end. Those of the same moment are skipped by comparing. */
async function positionsAfter(
  { positions }: ListingDeps,
  after: TaskPosition | undefined,
  size: number,
): Promise<readonly TaskPosition[]> {
  const found: TaskPosition[] = [];
  for (let offset = 0; found.length < size; offset += size) {
    const rows = await positions(after?.createdAt ?? '+inf', offset, size);
    for (const { value: id, score: createdAt } of rows) {
      const position = { id, createdAt };
      if (found.length < size && (!after || comparePositions(after, position) < 0)) found.push(position);
    }
    if (rows.length < size) break;
  }
  return found;
}
