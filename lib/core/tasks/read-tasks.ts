import type { Contract } from '#contract';
import type { Clock } from '../clock.ts';
import { ModelyardError } from '../errors.ts';
import { isAddressOf } from '../models/contract-version.ts';
import type { ContractStore } from '../models/model-registry.ts';
import { countEnd, type StatsStore } from '../stats/stats-store.ts';
import { type BlobStore, loadPayload } from './payload.ts';
import { isTerminal, type Task } from './task.ts';
import type { TaskPage, TaskQuery, TaskStore } from './task-store.ts';

export interface TaskLookup {
  readonly id: string;
  /** The caller. A task of another owner is not found. */
  readonly owner: string;
  /** A name in a URL. If set, a task of another model is not found. */
  readonly model?: string;
}

export interface ReadDeps {
  /** Counts tasks that readers end. @default nobody counts */
  readonly stats?: Pick<StatsStore, 'add'>;
  readonly tasks: TaskStore;
  readonly clock: Clock;
}

/** Rejects with `task_not_found`. */
export async function getTask(deps: ReadDeps, { id, owner, model }: TaskLookup): Promise<Task> {
  const task = await deps.tasks.get(id);
  // The same error for tasks of other owners: it must not reveal that they exist.
  if (task?.owner !== owner || (model !== undefined && !isAddressOf(model, task.model))) {
    throw new ModelyardError('task_not_found', 'There is no such task.');
  }
  return expireOverdue(deps, task);
}

/**
 * Ends a task that is past its deadline: its message may be lost, or the model may have no instance. Every reader calls
 * this, so no timer is needed.
 */
export async function expireOverdue({ tasks, clock, stats }: ReadDeps, task: Task): Promise<Task> {
  const now = clock.now();
  if (isTerminal(task.state) || now < task.deadlineAt) return task;
  const outcome = await tasks.apply(task.id, expiry(now));
  if (outcome === 'applied') await countEnd(stats, task.model, { state: 'expired', at: now });
  return (await tasks.get(task.id)) ?? task;
}

export const expiry = (at: number) =>
  ({
    type: 'expired',
    at,
    error: { code: 'deadline_exceeded', message: 'The task did not end before its deadline.', retryable: true },
  }) as const;

/** One page of an owner's tasks, newest first. Rejects with `invalid_request` for an unknown cursor. */
export async function listTasks(deps: ReadDeps, query: TaskQuery): Promise<TaskPage> {
  const page = await deps.tasks.list(query);
  const tasks = await Promise.all(page.tasks.map((task) => expireOverdue(deps, task)));
  return { ...page, tasks: query.state ? tasks.filter(({ state }) => state === query.state) : tasks };
}

/** An encoded response message with its contract. */
export interface EncodedResult {
  readonly contract: Contract;
  readonly bytes: Uint8Array;
}

/** Undefined for a task without a result. Rejects with `store_unavailable`. */
export async function readResult(
  { blobs, contracts }: { readonly blobs: BlobStore; readonly contracts: ContractStore },
  { result }: Pick<Task, 'result'>,
): Promise<EncodedResult | undefined> {
  if (!result) return undefined;
  const [bytes, contract] = await Promise.all([loadPayload(blobs, result.payload), contracts.get(result.contractHash)]);
  if (!contract) throw new ModelyardError('store_unavailable', 'The contract of this result has expired.');
  return { contract, bytes };
}
