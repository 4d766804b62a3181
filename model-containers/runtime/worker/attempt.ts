import type { Delivery, Envelope, StartedEvent } from '#core';

/** One task in the hands of this worker, from its delivery until it is settled. */
export interface Attempt {
  readonly delivery: Delivery;
  readonly envelope: Envelope;
  /** The model's request message, encoded. */
  readonly request: Uint8Array;
  /** When the worker received it, Unix milliseconds. */
  readonly receivedAt: number;
  /** Number of the next run, or the last one, among those charged to the task. */
  readonly number: number;
  /** It runs while nothing else does, because it may have ended a process. */
  mustRunAlone: boolean;
  /** What has to be recorded before the next run; undefined when nothing has to be. */
  claim: Omit<StartedEvent, 'at'> | undefined;
  /** Whether its start is recorded under the fence of this delivery. */
  isRecorded: boolean;
  /** Runs that ended with the process through no fault of this task. */
  repetitions: number;
}

/** A task that met the end of the process in company more often than this runs alone. */
const MAX_REPETITIONS_IN_COMPANY = 2;

/** Prepares the repetition of a run that is not charged. */
export function repeat(attempt: Attempt, { alone }: { readonly alone: boolean }): void {
  attempt.repetitions++;
  if (attempt.mustRunAlone) return;
  attempt.mustRunAlone = alone || attempt.repetitions > MAX_REPETITIONS_IN_COMPANY;
  // A lone run is charged when it starts, so that it counts even if this instance dies with it.
  attempt.claim = attempt.mustRunAlone ? startOf(attempt) : undefined;
}

/** The event that records the start of the next run. */
export const startOf = ({ delivery, envelope, number, mustRunAlone }: Attempt): Omit<StartedEvent, 'at'> => ({
  type: 'started',
  fence: delivery.fence,
  attempts: number,
  copy: envelope.copy,
  alone: mustRunAlone,
  requestHash: envelope.requestHash,
});
