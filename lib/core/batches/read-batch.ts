import { ModelyardError } from '../errors.ts';
import { inBatches } from '../lists.ts';
import type { BlobStore } from '../tasks/payload.ts';
import { expireOverdue, type ReadDeps } from '../tasks/read-tasks.ts';
import { isTerminal, TASK_STATES, type Task, type TaskState } from '../tasks/task.ts';
import type { TaskHead } from '../tasks/task-store.ts';
import { type Batch, itemTaskId, loadRefusals, type RefusedItem } from './batch.ts';

export interface BatchReadDeps extends ReadDeps {
  readonly blobs: BlobStore;
}

export interface BatchLookup {
  readonly id: string;
  /** The caller. A batch of another owner is not found. */
  readonly owner: string;
}

/** Number of items per state of their tasks. `refused`: items without a task. */
export type BatchCounts = Readonly<Record<TaskState | 'refused', number>>;

const AT_ONCE = 100;

/** Rejects with `batch_not_found`. */
export async function getBatch({ tasks, clock }: BatchReadDeps, { id, owner }: BatchLookup): Promise<Batch> {
  const batch = await tasks.batches.get(id);
  // The same error for batches of other owners: it must not reveal that they exist.
  if (batch?.owner === owner && batch.retainedUntil > clock.now()) return batch;
  throw new ModelyardError('batch_not_found', 'There is no such batch.');
}

/** Counts the items of a batch by the states of their tasks. Reads no results. */
export async function countBatch({ tasks, clock }: BatchReadDeps, { id, total }: Batch): Promise<BatchCounts> {
  const counts = noCounts();
  const now = clock.now();
  for (const indexes of inBatches([...Array(total).keys()], AT_ONCE)) {
    const heads = await tasks.heads(indexes.map((index) => itemTaskId(id, index)));
    for (const head of heads) counts[head ? stateAt(head, now) : 'refused'] += 1;
  }
  return counts;
}

/** The counts of a batch that was submitted just now. */
export const countsOfNew = (total: number, refused: number): BatchCounts => ({
  ...noCounts(),
  queued: total - refused,
  refused,
});

const noCounts = () =>
  ({ ...Object.fromEntries(TASK_STATES.map((state) => [state, 0])), refused: 0 }) as Record<keyof BatchCounts, number>;

/** The state that a reader of the task would see. */
const stateAt = ({ state, deadlineAt }: TaskHead, now: number): TaskState =>
  isTerminal(state) || now < deadlineAt ? state : 'expired';

/** Whether every item has ended or was refused. */
export const isComplete = ({ queued, running }: BatchCounts): boolean => queued + running === 0;

/** An item of a batch: its task, or why it has none. */
export type ItemOutcome = { readonly index: number } & ({ readonly task: Task } | Pick<RefusedItem, 'error'>);

/** The items of a batch from an index on, in order. Rejects with `store_unavailable`. */
export async function* readItems(deps: BatchReadDeps, batch: Batch, from = 0): AsyncGenerator<ItemOutcome> {
  const refused = await loadRefusals(deps.blobs, batch);
  const indexes = Array.from({ length: Math.max(0, batch.total - from) }, (_, at) => from + at);
  for (const some of inBatches(indexes, READS_AT_ONCE)) {
    yield* await Promise.all(some.map((index) => readItem(deps, batch, index, refused.get(index)?.error)));
  }
}

const READS_AT_ONCE = 10;

async function readItem(
  deps: BatchReadDeps,
  { id }: Batch,
  index: number,
  error: ModelyardError | undefined,
): Promise<ItemOutcome> {
  // An invalid item never has a task. One that the queue did not confirm may have one: a repeat has sent it again.
  if (error && !error.retryable) return { index, error };
  const task = await deps.tasks.get(itemTaskId(id, index));
  if (task) return { index, task: await expireOverdue(deps, task) };
  return { index, error: error ?? LOST };
}

const LOST = new ModelyardError('queue_unavailable', 'The item was not accepted. Submit it again.', {
  retryable: true,
});
