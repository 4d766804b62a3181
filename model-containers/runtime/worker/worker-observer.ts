import type { Logger, TaskError } from '#core';

/** How one attempt ended, as metrics and logs name it. */
export type AttemptOutcome =
  | 'succeeded'
  | 'failed'
  | 'expired'
  | 'retried'
  | 'dead-lettered'
  | 'released'
  | 'lease-lost'
  | 'already-ended';

/** Where the time of one attempt went, in milliseconds; absent for what did not happen. */
export interface AttemptTimings {
  /** From submit to the start of the run. */
  readonly queuedMs?: number;
  /** From being received to the start of the run. */
  readonly batchWaitMs?: number;
  readonly runMs?: number;
  /** From the end of the run until result and acknowledgement are confirmed. */
  readonly publishMs?: number;
}

/** What became of a delivery, and why when it did not succeed. */
export interface Settlement {
  readonly outcome: AttemptOutcome;
  readonly error?: TaskError;
}

/** One attempt that is over. */
export interface EndedAttempt extends Settlement, AttemptTimings {
  /** Absent for a message that is no task. */
  readonly taskId?: string;
  /** Number of the run among those charged to the task; without a run, of those charged before. */
  readonly attempt: number;
}

/** Hears of everything the worker does. Must not throw. */
export interface WorkerObserver {
  attemptEnded(ended: EndedAttempt): void;
}

const SENTENCES = {
  succeeded: ['info', 'Task succeeded.'],
  failed: ['warn', 'Task failed.'],
  expired: ['warn', 'Task expired.'],
  retried: ['warn', 'Attempt failed; there will be another one.'],
  'dead-lettered': ['warn', 'Task given up.'],
  released: ['info', 'Task given back to the queue.'],
  'lease-lost': ['warn', 'Lease lost; another instance may run the task.'],
  'already-ended': ['info', 'Task had ended before.'],
} as const satisfies Record<AttemptOutcome, readonly ['info' | 'warn', string]>;

/** One line for each attempt that ended, with the task it was about and where the time went. */
export const createAttemptLog = (logger: Logger): WorkerObserver => ({
  attemptEnded({ outcome, error, ...fields }) {
    const [level, sentence] = SENTENCES[outcome];
    logger[level](sentence, { ...fields, ...(error ? { code: error.code, reason: error.message } : {}) });
  },
});
