import {
  comparePositions,
  cursorsOf,
  type DeadLetterQuery,
  type ListPosition,
  type Task,
  type TaskPage,
  type TaskQuery,
} from '#core';

export interface ListingDeps {
  readonly positions: Positions;
  readMany(ids: readonly string[]): Promise<readonly (Task | undefined)[]>;
  /** Removes expired tasks from the owner's set. */
  forget(ids: readonly string[]): Promise<unknown>;
}

/** Maximum number of tasks that one page reads. */
const MAX_ROWS_READ = 200;
const MIN_WINDOW = 25;

/** One page of an owner's tasks. The filters need the tasks, so a page may be short although there is a next one. */
export const listTasks = (deps: ListingDeps, query: TaskQuery): Promise<TaskPage> =>
  listMembers(deps, {
    ...query,
    cursors: cursorsOf({ of: 'tasks', owner: query.owner }),
    matches: (task) => matches(task, query),
  });

/** One page of the tasks of a model that were given up, by the time until which they are kept. */
export const listDeadLetters = (deps: ListingDeps, query: DeadLetterQuery): Promise<TaskPage> =>
  listMembers(deps, {
    ...query,
    cursors: cursorsOf({ of: 'dead-letters', owner: query.model }),
    matches: ({ model, deadLetter }) => model === query.model && deadLetter !== undefined,
  });

interface MemberQuery {
  readonly limit: number;
  readonly cursor?: string;
  readonly cursors: ReturnType<typeof cursorsOf>;
  readonly matches: (task: Task) => boolean;
}

async function listMembers(
  { positions, readMany, forget }: ListingDeps,
  { limit, cursor, cursors, matches: isWanted }: MemberQuery,
): Promise<TaskPage> {
  const page = (tasks: readonly Task[], next: ListPosition | undefined) => ({ tasks, ...cursors.next(next) });
  let after = cursors.after(cursor);
  const found: Task[] = [];
  for (let rowsRead = 0; rowsRead < MAX_ROWS_READ; ) {
    // One extra row shows whether there is a next page.
    const size = Math.max(limit - found.length + 1, MIN_WINDOW);
    const rows = await positionsAfter(positions, after, size);
    rowsRead += rows.length;
    const tasks = await readMany(rows.map(({ id }) => id));
    const gone = rows.filter((_, index) => tasks[index] === undefined);
    if (gone.length > 0) await forget(gone.map(({ id }) => id));
    for (const [index, row] of rows.entries()) {
      after = row;
      const task = tasks[index];
      if (task && isWanted(task)) found.push(task);
      if (found.length < limit) continue;
      const isLast = rows.length < size && index === rows.length - 1;
      return page(found, isLast ? undefined : after);
    }
    if (rows.length < size) return page(found, undefined);
  }
  return page(found, after);
}

const matches = (task: Task, { model, state }: TaskQuery): boolean =>
  (model === undefined || task.model === model) && (state === undefined || task.state === state);

/** A member of an owner's sorted set with its score. */
interface ScoredMember {
  readonly value: string;
  readonly score: number;
}

/** An owner's tasks from the time `from` ('+inf' or Unix ms) backwards, without the first `offset`: newest first. */
type Positions = (from: number | '+inf', offset: number, count: number) => Promise<readonly ScoredMember[]>;

/** Up to `size` positions after `after`; fewer only at the end. Those of the same time are compared by id. */
async function positionsAfter(
  positions: Positions,
  after: ListPosition | undefined,
  size: number,
): Promise<readonly ListPosition[]> {
  const found: ListPosition[] = [];
  for (let offset = 0; found.length < size; offset += size) {
    const read = await positions(after?.createdAt ?? '+inf', offset, size);
    for (const { value: id, score: createdAt } of read) {
      const position = { id, createdAt };
      if (found.length < size && (!after || comparePositions(after, position) < 0)) found.push(position);
    }
    if (read.length < size) break;
  }
  return found;
}
