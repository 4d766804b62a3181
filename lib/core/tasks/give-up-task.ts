import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { readEnvelope } from './envelope.ts';
import type { BlobStore } from './payload.ts';
import type { EventOutcome } from './task-events.ts';
import type { RejectReason } from './task-queue.ts';
import type { TaskStore } from './task-store.ts';

export interface DeadLetter {
  readonly model: string;
  readonly body: Uint8Array;
  /** Runs charged to the task, as far as the queue knows. */
  readonly attempts: number;
  /** Absent when the broker moved it by itself, after too many deliveries that nobody settled. */
  readonly reason?: RejectReason;
}

/**
 * Ends the task of a dead letter as `failed` and keeps its envelope with it, so that it can be sent
 * round again. Bytes that are no envelope are kept under `dead-letters/` in the blob store and answer
 * `unreadable`. Safe to repeat.
 */
export async function giveUpTask(
  { tasks, blobs, clock }: { readonly tasks: TaskStore; readonly blobs: BlobStore; readonly clock: Clock },
  { model, body, attempts, reason }: DeadLetter,
): Promise<EventOutcome | 'unreadable'> {
  const envelope = readEnvelope(body);
  if (!envelope) {
    await blobs.put(`dead-letters/${model}/${createHash('sha256').update(body).digest('hex')}`, body);
    return 'unreadable';
  }
  return tasks.apply(envelope.taskId, {
    type: 'gave-up',
    attempts,
    at: clock.now(),
    requestHash: envelope.requestHash,
    error: {
      code: reason?.code ?? 'attempts_exhausted',
      message: reason?.message ?? 'Gave up: the queue delivered this task many times, and no instance settled it.',
      retryable: true,
    },
    envelope: body,
  });
}
