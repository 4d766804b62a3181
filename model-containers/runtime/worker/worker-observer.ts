import type { Logger, TaskError } from '#core';

/** How an attempt ended, in metrics and logs. */
export type AttemptOutcome =
  | 'succeeded'
  | 'failed'
  | 'expired'
  | 'retried'
  | 'dead-lettered'
  | 'released'
  | 'lease-lost'
  | 'already-ended';

/** Durations of the phases of one attempt, in milliseconds. Absent for phases that it did not reach. */
export interface AttemptTimings {
  /** From the submit to the start of the run. */
  readonly queuedMs?: number;
  /** From the receive to the start of the run. */
  readonly batchWaitMs?: number;
  readonly runMs?: number;
  /** From the end of the run until result and acknowledgement are confirmed. */
  readonly publishMs?: number;
}

export interface Settlement {
  readonly outcome: AttemptOutcome;
  readonly error?: TaskError;
}

export interface EndedAttempt extends Settlement, AttemptTimings {
  /** Absent for a message that is not a task. */
  readonly taskId?: string;
  /** The `X-Request-Id` of the submit or retry. */
  readonly requestId?: string;
  /** Number of the run among the charged runs; without a run, the number of charged runs before. */
  readonly attempt: number;
}

/** Receives the events of the worker. Must not throw. */
export interface WorkerObserver {
  attemptEnded(ended: EndedAttempt): void;
}

const SENTENCES = {
  succeeded: ['info', 'Task succeeded.'],
  failed: ['warn', 'Task failed.'],
  expired: ['warn', 'Task expired.'],
  retried: ['warn', 'Attempt failed; the task will be retried.'],
  'dead-lettered': ['warn', 'Task given up.'],
  released: ['info', 'Task released to the queue.'],
  'lease-lost': ['warn', 'Lease lost; another instance may run the task.'],
  'already-ended': ['info', 'Task had already ended.'],
} as const satisfies Record<AttemptOutcome, readonly ['info' | 'warn', string]>;

/** Logs one line per attempt, with the task and the durations. */
export const createAttemptLog = (logger: Logger): WorkerObserver => ({
  attemptEnded({ outcome, error, ...fields }) {
    const [level, sentence] = SENTENCES[outcome];
    logger[level](sentence, { ...fields, ...(error ? { code: error.code, reason: error.message } : {}) });
  },
});

export const toAll = (...observers: readonly WorkerObserver[]): WorkerObserver => ({
  attemptEnded(ended) {
    for (const observer of observers) observer.attemptEnded(ended);
  },
});
