export type TaskState = 'queued' | 'running' | 'succeeded' | 'failed' | 'canceled' | 'expired';

/** One prediction request to one model, as the API describes it. */
export interface Task<Result = unknown> {
  readonly id: string;
  readonly model: string;
  readonly state: TaskState;
  /** RFC 3339, like all times. */
  readonly created_at: string;
  readonly started_at: string | null;
  readonly ended_at: string | null;
  readonly attempts: number;
  /** The last progress report of the model. Absent without one. */
  readonly progress?: { readonly fraction: number | null; readonly message: string | null };
  /** Null until the task has succeeded. */
  readonly result: Result | null;
  /** Where a result is that no answer carries. The client follows them. */
  readonly links?: { readonly result?: string; readonly result_protobuf?: string };
  readonly error: { readonly code: string; readonly message: string; readonly retryable: boolean } | null;
  /** Known durations in milliseconds. */
  readonly timings: { readonly queued_ms?: number; readonly run_ms?: number; readonly total_ms?: number };
}

/** Whether the task has ended and never changes again. */
export const isOver = ({ state }: Pick<Task, 'state'>): boolean => state !== 'queued' && state !== 'running';
