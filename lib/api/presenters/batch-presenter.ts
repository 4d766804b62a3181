import {
  type AcceptedBatch,
  type Batch,
  type BatchCounts,
  type ItemOutcome,
  isComplete,
  itemTaskId,
  publicName,
  type RefusedItem,
} from '#core';
import type { HandlerDeps } from '../http/handler-deps.ts';
import { type Problem, problemOf } from '../http/problem.ts';
import { jsonTextOf } from '../http/transcode.ts';
import { presentTask } from './task-presenter.ts';

/** A batch in the HTTP API. */
export interface BatchBody {
  readonly id: string;
  readonly model: string;
  readonly created_at: string;
  readonly total: number;
  /** Items per state of their tasks. `refused`: items without a task. */
  readonly counts: BatchCounts;
  /** Whether every item has ended or was refused. */
  readonly completed: boolean;
  readonly links: { readonly self: string; readonly results: string };
}

/** An item in the answer to a submit: its task, or why it has none. */
export type BatchItemBody =
  | { readonly index: number; readonly task_id: string }
  | { readonly index: number; readonly problem: Problem };

export const batchPath = (id: string): string => `/batches/${id}`;

export const presentBatch = (batch: Batch, counts: BatchCounts): BatchBody => ({
  id: batch.id,
  model: publicName(batch.model),
  created_at: new Date(batch.createdAt).toISOString(),
  total: batch.total,
  counts,
  completed: isComplete(counts),
  links: { self: batchPath(batch.id), results: `${batchPath(batch.id)}/results` },
});

/** Every item of a submitted batch, in order. */
export const presentItems = ({ batch: { id, total }, refused }: AcceptedBatch): readonly BatchItemBody[] =>
  Array.from({ length: total }, (_, index) => {
    const item = refused.get(index);
    return item ? { index, problem: problemOfItem(id, item) } : { index, task_id: itemTaskId(id, index) };
  });

const problemOfItem = (batchId: string, { error }: Pick<RefusedItem, 'error'>): Problem =>
  problemOf(error, batchPath(batchId));

/** One line of the results, without the line break: the task with its index, or the problem of an item without a task. */
export async function presentOutcome(
  deps: Pick<HandlerDeps, 'platform' | 'transcoder'>,
  batchId: string,
  outcome: ItemOutcome,
): Promise<Buffer> {
  const { index } = outcome;
  const body =
    'task' in outcome
      ? { index, ...(await presentTask(deps, outcome.task)) }
      : { index, state: 'refused', problem: problemOfItem(batchId, outcome) };
  const text = jsonTextOf(body);
  return typeof text === 'string' ? Buffer.from(text) : Buffer.concat(text);
}
