import type { Task } from './task.ts';

/** A problem (RFC 9457). */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** Invalid fields, with JSON pointers into the body. */
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[];
}

/** The API refused a request. */
export class ApiError extends Error {
  override readonly name: string = 'ApiError';
  readonly problem: Problem;
  readonly status: number;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
    this.status = problem.status;
  }

  /** The last part of the type: `model-not-found`. */
  get code(): string {
    return this.problem.type.split('/').at(-1) ?? '';
  }
}

/** The API did not answer, also after retries. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}

/** A task ended without a result. */
export class TaskError extends Error {
  override readonly name = 'TaskError';
  readonly task: Task;

  constructor(task: Task) {
    super(task.error?.message ?? `The task has ended as ${task.state}.`);
    this.task = task;
  }

  get code(): string {
    return this.task.error?.code ?? this.task.state;
  }

  /** Whether the same request may succeed later. */
  get retryable(): boolean {
    return this.task.error?.retryable ?? false;
  }
}
