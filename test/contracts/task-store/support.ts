import type { Task, TaskQuery, TaskStore } from '#core';

/** A store, which other tests may use at the same time, and the ways a test looks at it. */
interface StoreUnderTest {
  readonly store: TaskStore;
  /** From now on `store` cannot be reached. */
  cutOff(): Promise<void>;
}

export type OpenStore = () => Promise<StoreUnderTest>;

let owners = 0;

/** An owner whose list no other test writes to. */
export function anOwner(): string {
  owners += 1;
  return `owner-${process.pid}-${owners}`;
}

/** Follows the cursors to the end of a list. */
export async function listAll(store: TaskStore, query: TaskQuery): Promise<readonly Task[]> {
  const tasks: Task[] = [];
  let cursor = query.cursor;
  do {
    const page = await store.list({ ...query, ...(cursor === undefined ? {} : { cursor }) });
    tasks.push(...page.tasks);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return tasks;
}
