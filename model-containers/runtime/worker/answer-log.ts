/** Receives answers for the prediction log. Must not throw, and must not wait. */
export interface AnswerLog {
  /** Whether the answer to this task is logged. Its request is kept with the task then, so that a lost log is rebuilt. */
  takes(taskId: string): boolean;
  add(answer: LoggedAnswer): void;
}

interface LoggedAnswer {
  readonly taskId: string;
  readonly owner: string;
  /** When the task was submitted, Unix milliseconds. */
  readonly at: number;
  /** Of the request. */
  readonly contractHash: string;
  readonly request: Uint8Array;
  /** Contract of the response. */
  readonly responseHash: string;
  readonly response: Uint8Array;
  /** Of the weights. @default the response says it in its field `model_version` */
  readonly version?: string;
  /** Whether the caller got another answer. @default false */
  readonly shadow?: boolean;
}
