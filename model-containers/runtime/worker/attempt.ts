import { type Delivery, type Envelope, roundOf, type StartedEvent } from '#core';
import type { AttemptSpans } from './attempt-spans.ts';
import type { ToldLog } from './told-log.ts';
import type { EndedAttempt } from './worker-observer.ts';

/** One delivery that this worker received and has not settled. */
export interface Attempt {
  readonly delivery: Delivery;
  readonly envelope: Envelope;
  /** The encoded request message. */
  readonly request: Uint8Array;
  /** When the worker received the delivery, Unix milliseconds. */
  readonly receivedAt: number;
  /** Number of the current or next run among the charged runs of the task. */
  readonly number: number;
  /** The task may have crashed a process, so nothing else may run beside it. */
  mustRunAlone: boolean;
  /** The start to record before the next run, if any. */
  claim: Omit<StartedEvent, 'at'> | undefined;
  /** The start is recorded with the fence of this delivery. */
  isRecorded: boolean;
  /** What the model tells of the task. Absent until it tells something. */
  told?: ToldLog;
  /** Absent without traces. */
  readonly spans?: AttemptSpans | undefined;
  /** Runs that are not charged: the process ended because of another task. */
  repetitions: number;
}

/** Maximum number of such repetitions beside other tasks; then the task runs alone. */
const MAX_SHARED_REPETITIONS = 2;

/** Prepares the repetition of a run without a charge. */
export function repeat(attempt: Attempt, { alone }: { readonly alone: boolean }): void {
  attempt.repetitions++;
  if (attempt.mustRunAlone) return;
  attempt.mustRunAlone = alone || attempt.repetitions > MAX_SHARED_REPETITIONS;
  // A run alone is charged when it starts, so that it counts even if this instance crashes.
  attempt.claim = attempt.mustRunAlone ? startOf(attempt) : undefined;
}

/** The counts with which an attempt returns to its queue uncharged. A suspect that has not started stays one. */
export const uncharged = ({ number, claim }: Attempt) => ({ attempts: number - 1, isSuspect: claim?.alone ?? false });

/** Ends what was opened for an attempt. Returns how it ended. */
export function closed({ told, spans }: Attempt, ended: EndedAttempt): EndedAttempt {
  told?.stop();
  spans?.end(ended);
  return ended;
}

/** What log lines about a task have, so that a request can be followed through them. */
export const trailOf = ({ taskId, requestId }: Envelope) => ({
  taskId,
  ...(requestId === undefined ? {} : { requestId }),
});

export const startOf = ({ delivery, envelope, number, mustRunAlone }: Attempt): Omit<StartedEvent, 'at'> => ({
  type: 'started',
  fence: delivery.fence,
  attempts: number,
  copy: envelope.copy,
  alone: mustRunAlone,
  requestHash: envelope.requestHash,
  ...roundOf(envelope),
});
