import { createHash } from 'node:crypto';
import { UnreadableMessageError } from '#contract';
import type { Clock } from '../clock.ts';
import type { BlobStore } from './blob-store.ts';
import { decodeEnvelope, type Envelope } from './envelope.ts';
import type { EventOutcome } from './task-events.ts';
import type { RejectReason } from './task-queue.ts';
import type { TaskStore } from './task-store.ts';

export interface DeadLetter {
  readonly model: string;
  readonly body: Uint8Array;
  /** Attempts spent, as far as the queue knows. */
  readonly attempts: number;
  /** Absent when the broker moved it by itself: its workers died, one after the other. */
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
    error: {
      code: reason?.code ?? 'attempts_exhausted',
      message: reason?.message ?? 'Every instance that ran this task died while running it.',
      retryable: true,
    },
    envelope: body,
  });
}

function readEnvelope(body: Uint8Array): Envelope | undefined {
  try {
    return decodeEnvelope(body);
  } catch (error) {
    if (error instanceof UnreadableMessageError) return undefined;
    throw error;
  }
}
