import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { countEnd, type StatsStore } from '../stats/stats-store.ts';
import { type Envelope, readEnvelope } from './envelope.ts';
import { roundOf } from './judge-delivery.ts';
import type { BlobStore } from './payload.ts';
import type { EventOutcome } from './task-event.ts';
import type { RejectReason } from './task-queue.ts';
import type { TaskStore } from './task-store.ts';

export interface DeadLetter {
  readonly model: string;
  readonly body: Uint8Array;
  /** Charged runs according to the queue. */
  readonly attempts: number;
  /** Absent if the broker itself moved the message, after too many lost deliveries. */
  readonly reason?: RejectReason;
}

interface GiveUpDeps {
  readonly tasks: TaskStore;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  /** @default nobody counts */
  readonly stats?: Pick<StatsStore, 'add'>;
}

/**
 * Ends the task of a dead letter as `failed` and stores its envelope, so that the task can be sent again. A message
 * that is not an envelope is stored under `dead-letters/` in the blob store; the result is `unreadable`. Idempotent.
 */
export async function giveUpTask(
  { tasks, blobs, clock, stats }: GiveUpDeps,
  { model, body, attempts, reason }: DeadLetter,
): Promise<EventOutcome | 'unreadable'> {
  const envelope = readEnvelope(body);
  if (!envelope) {
    await blobs.put(`dead-letters/${model}/${createHash('sha256').update(body).digest('hex')}`, body);
    return 'unreadable';
  }
  const outcome = await tasks.apply(envelope.taskId, {
    type: 'gave-up',
    attempts,
    at: clock.now(),
    requestHash: envelope.requestHash,
    ...roundOf(envelope),
    error: {
      code: reason?.code ?? 'attempts_exhausted',
      message: reason?.message ?? 'Gave up: the queue delivered this task too many times, and no instance settled it.',
      retryable: true,
    },
    envelope: body,
  });
  if (outcome === 'applied') await countEnd(stats, model, { state: 'failed', at: clock.now() });
  // A reader may have ended the task as expired: a retry needs its request.
  if (outcome === 'terminal') await tasks.apply(envelope.taskId, foundIn(envelope, body, clock.now()));
  return outcome;
}

const foundIn = (envelope: Envelope, body: Uint8Array, at: number) =>
  ({ type: 'found', requestHash: envelope.requestHash, ...roundOf(envelope), at, envelope: body }) as const;
