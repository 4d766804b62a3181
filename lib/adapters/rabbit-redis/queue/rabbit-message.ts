import type { AsyncMessage } from 'rabbitmq-client';
import type { CarriedCounts, RejectReason } from '#core';
import { MAX_DELIVERIES } from './rabbit-topology.ts';

/** Headers with the counts of a copy. Earlier builds have only the attempts. */
const FENCE = 'modelyard-fence';
const ATTEMPTS = 'modelyard-attempts';
const LOSSES = 'modelyard-losses';
const SUSPECT = 'modelyard-suspect';
const REASON_CODE = 'modelyard-reason-code';
const REASON_MESSAGE = 'modelyard-reason-message';
/** All headers of a message must fit into one frame. */
const MAX_REASON_LENGTH = 1000;

export type Headers = Readonly<Record<string, string | number>>;

/** The counts in the headers of a message. */
export interface MessageFacts extends CarriedCounts {
  readonly reason?: RejectReason;
}

type Received = Pick<AsyncMessage, 'headers' | 'redelivered'>;

/**
 * Reads a message of a task queue. Its fence is the number of deliveries of this copy plus those of earlier copies.
 * Quorum queues count unsettled deliveries; RabbitMQ 4 counts them separately from all deliveries. The fence of a copy
 * of an earlier build is one higher, because that build may have recorded this number.
 */
export function readTask({ headers, redelivered }: Received): MessageFacts {
  const before = Math.max(
    numberIn(headers?.['x-delivery-count']) ?? 0,
    numberIn(headers?.['x-acquired-count']) ?? 0,
    redelivered ? 1 : 0,
  );
  const attempts = numberIn(headers?.[ATTEMPTS]);
  const fence = numberIn(headers?.[FENCE]) ?? (attempts === undefined ? 0 : attempts + 1);
  return {
    fence: fence + before + 1,
    attempts: attempts ?? 0,
    losses: (numberIn(headers?.[LOSSES]) ?? 0) + before,
    isSuspect: before > 0 || headers?.[SUSPECT] !== undefined,
  };
}

/** Reads a dead letter. Without a reason, the broker moved it after the maximum number of deliveries. */
export function readDeadLetter({ headers }: Received): MessageFacts {
  const counts = {
    fence: numberIn(headers?.[FENCE]) ?? 0,
    attempts: numberIn(headers?.[ATTEMPTS]) ?? 0,
    losses: numberIn(headers?.[LOSSES]) ?? 0,
    isSuspect: false,
  };
  const code = headers?.[REASON_CODE];
  if (code === undefined) return { ...counts, fence: counts.fence + MAX_DELIVERIES };
  return { ...counts, reason: { code: String(code), message: String(headers?.[REASON_MESSAGE] ?? '') } };
}

export const copyHeaders = ({ fence, attempts, losses, isSuspect }: CarriedCounts, reason?: RejectReason): Headers => ({
  [FENCE]: fence,
  [ATTEMPTS]: attempts,
  ...(losses > 0 ? { [LOSSES]: losses } : {}),
  ...(isSuspect ? { [SUSPECT]: 1 } : {}),
  ...(reason === undefined
    ? {}
    : {
        [REASON_CODE]: reason.code.slice(0, MAX_REASON_LENGTH).toWellFormed(),
        [REASON_MESSAGE]: reason.message.slice(0, MAX_REASON_LENGTH).toWellFormed(),
      }),
});

const numberIn = (value: unknown): number | undefined => (value === undefined ? undefined : Number(value));
