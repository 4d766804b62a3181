import {
  type BlobStore,
  type ContractStore,
  isLinked,
  isTerminal,
  publicName,
  readResult,
  type Task,
  type TaskForecast,
  type TaskProgress,
  type Transfers,
} from '#core';
import type { HandlerDeps } from '../http/handler-deps.ts';
import { namedProblem, type Problem } from '../http/problem.ts';
import type { RawJson } from '../http/transcode.ts';

/** A task in the HTTP API, without its result. */
export interface TaskSummaryBody {
  readonly id: string;
  readonly model: string;
  readonly state: Task['state'];
  /** RFC 3339 with milliseconds, like all times. */
  readonly created_at: string;
  readonly started_at: string | null;
  readonly ended_at: string | null;
  readonly attempts: number;
  readonly error: { readonly code: string; readonly message: string; readonly retryable: boolean } | null;
  /** Known durations in milliseconds. */
  readonly timings: { readonly queued_ms?: number; readonly run_ms?: number; readonly total_ms?: number };
  readonly links: { readonly self: string; readonly cancel?: string } & ResultLinks;
}

/** Where a result is that no answer carries. They expire. */
export interface ResultLinks {
  /** Canonical JSON. Absent for a result that is too large for JSON. */
  readonly result?: string;
  readonly result_protobuf?: string;
}

/** A task in the HTTP API. */
export interface TaskBody extends TaskSummaryBody {
  /** Waiting tasks, this one included, for a queued task. Undefined when unknown. */
  readonly position?: number;
  /** An estimate for a queued task. Undefined when unknown. */
  readonly estimated_start?: string;
  /** The last progress report of the model. Absent without one. */
  readonly progress?: ProgressBody;
  /** The model's response message as canonical JSON; null until the task has succeeded, and if it has links instead. */
  readonly result: RawJson | null;
}

/** The progress of a task. */
export interface ProgressBody {
  /** From 0 to 1; null if the model reported only parts of its response. */
  readonly fraction: number | null;
  readonly message: string | null;
  readonly at: string;
}

interface ResultDeps extends Pick<HandlerDeps, 'transcoder'> {
  readonly platform: {
    readonly blobs: BlobStore;
    readonly contracts: ContractStore;
    /** @default large results have no links */
    readonly transfers?: Transfers;
  };
}

/** Loaded by the first large result. */
export const linksOf = async (platform: { readonly transfers?: Transfers }, task: Task): Promise<ResultLinks> =>
  (await import('./result-links.ts')).resultLinks(platform, task);

/** The task with its result, decoded by the contract that wrote it. Rejects with `store_unavailable`. */
export async function presentTask(
  { platform, transcoder }: ResultDeps,
  task: Task,
  forecast: TaskForecast = {},
): Promise<TaskBody> {
  const large = isLinked(task);
  const result = large ? undefined : await readResult(platform, task);
  const { attempts, error, timings, links, ...head } = summarizeTask(task);
  return {
    ...head,
    attempts,
    ...(forecast.position === undefined ? {} : { position: forecast.position }),
    ...(forecast.startsAt === undefined ? {} : { estimated_start: timestamp(forecast.startsAt) }),
    ...(task.progress ? { progress: presentProgress(task.progress) } : {}),
    result: result ? await transcoder.responseJson(result.contract, result.bytes) : null,
    error,
    timings,
    links: large ? { ...links, ...(await linksOf(platform, task)) } : links,
  };
}

export const presentProgress = ({
  fraction,
  message,
  at,
}: Pick<TaskProgress, 'fraction' | 'message' | 'at'>): ProgressBody => ({
  fraction: fraction ?? null,
  message: message ?? null,
  at: timestamp(at),
});

/** Without the result, which may be large. */
export const summarizeTask = (task: Task): TaskSummaryBody => ({
  id: task.id,
  model: publicName(task.model),
  state: task.state,
  created_at: timestamp(task.createdAt),
  started_at: task.startedAt === undefined ? null : timestamp(task.startedAt),
  ended_at: task.endedAt === undefined ? null : timestamp(task.endedAt),
  attempts: task.attempts,
  error: task.error ? { code: task.error.code, message: task.error.message, retryable: task.error.retryable } : null,
  timings: timingsOf(task),
  links: {
    self: taskPath(task.id),
    ...(isTerminal(task.state) ? {} : { cancel: `${taskPath(task.id)}/cancel` }),
  },
});

export const taskPath = (id: string): string => `/tasks/${id}`;

const timestamp = (unixMs: number): string => new Date(unixMs).toISOString();

const timingsOf = ({ createdAt, startedAt, endedAt }: Task): TaskBody['timings'] => ({
  ...elapsed('queued_ms', createdAt, startedAt),
  ...elapsed('run_ms', startedAt, endedAt),
  ...elapsed('total_ms', createdAt, endedAt),
});

/** Times come from different clocks, so a difference may be negative. */
const elapsed = (name: keyof TaskBody['timings'], from: number | undefined, to: number | undefined) =>
  from === undefined || to === undefined ? {} : { [name]: Math.max(0, to - from) };

/** The problem of a prediction that ended without a result, with its task: 422, 504, or 500. */
export const predictionProblem = (task: Task, instance: string): Problem => ({
  ...resultProblem(task, instance),
  status: predictionStatus(task),
  task: summarizeTask(task),
});

function predictionStatus({ state, error }: Task): number {
  if (error?.code === 'invalid_input') return 422;
  return state === 'expired' || error?.code === 'timeout' ? 504 : 500;
}

/** The problem of a task that ended without a result: its error, with status 422. */
export function resultProblem({ state, error }: Task, instance: string): Problem {
  const code = error?.code ?? state;
  const detail = error?.message ?? (state === 'canceled' ? 'The task was canceled.' : `The task has ${state}.`);
  return namedProblem(code, 422, detail, instance);
}
