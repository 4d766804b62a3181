import { loadContract } from '#contract';
import { type BlobStore, type ContractStore, readResult, type Task, type TaskForecast } from '#core';

/** The task object of the HTTP contract, but for its result. */
export interface TaskSummaryBody {
  readonly id: string;
  readonly model: string;
  readonly state: Task['state'];
  /** RFC 3339 with milliseconds, as every time here. */
  readonly created_at: string;
  readonly started_at: string | null;
  readonly ended_at: string | null;
  readonly attempts: number;
  readonly error: { readonly code: string; readonly message: string; readonly retryable: boolean } | null;
  /** Only what is known yet, in milliseconds. */
  readonly timings: { readonly queued_ms?: number; readonly run_ms?: number; readonly total_ms?: number };
  readonly links: { readonly self: string };
}

/** The task object of the HTTP contract. */
export interface TaskBody extends TaskSummaryBody {
  /** Of a queued task: how many wait for its model, itself included; absent when unknown. */
  readonly position?: number;
  /** Of a queued task: an estimate, never a promise; absent when unknown. */
  readonly estimated_start?: string;
  /** The model's response message as canonical JSON; null until the task has succeeded. */
  readonly result: unknown;
}

interface ResultDeps {
  readonly blobs: BlobStore;
  readonly contracts: ContractStore;
}

/** The task with its result, decoded by the contract that wrote it. Rejects with `store_unavailable`. */
export async function presentTask(deps: ResultDeps, task: Task, forecast: TaskForecast = {}): Promise<TaskBody> {
  const result = await readResult(deps, task);
  const { attempts, error, timings, links, ...head } = summarizeTask(task);
  return {
    ...head,
    attempts,
    ...(forecast.position === undefined ? {} : { position: forecast.position }),
    ...(forecast.startsAt === undefined ? {} : { estimated_start: timestamp(forecast.startsAt) }),
    result: result ? (await loadContract(result.contract)).response.toJson(result.bytes) : null,
    error,
    timings,
    links,
  };
}

/** The task without its result, which may be large: for lists. */
export const summarizeTask = (task: Task): TaskSummaryBody => ({
  id: task.id,
  model: task.model,
  state: task.state,
  created_at: timestamp(task.createdAt),
  started_at: task.startedAt === undefined ? null : timestamp(task.startedAt),
  ended_at: task.endedAt === undefined ? null : timestamp(task.endedAt),
  attempts: task.attempts,
  error: task.error ? { code: task.error.code, message: task.error.message, retryable: task.error.retryable } : null,
  timings: timingsOf(task),
  links: { self: taskPath(task.id) },
});

/** Where a task is found. */
export const taskPath = (id: string): string => `/tasks/${id}`;

const timestamp = (unixMs: number): string => new Date(unixMs).toISOString();

const timingsOf = ({ createdAt, startedAt, endedAt }: Task): TaskBody['timings'] => ({
  ...elapsed('queued_ms', createdAt, startedAt),
  ...elapsed('run_ms', startedAt, endedAt),
  ...elapsed('total_ms', createdAt, endedAt),
});

/** The moments come from the clocks of different machines: never negative. */
const elapsed = (name: keyof TaskBody['timings'], from: number | undefined, to: number | undefined) =>
  from === undefined || to === undefined ? {} : { [name]: Math.max(0, to - from) };
