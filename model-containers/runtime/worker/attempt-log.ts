import type { Logger } from '#core';
import type { AttemptOutcome, WorkerObserver } from './worker-observer.ts';

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
