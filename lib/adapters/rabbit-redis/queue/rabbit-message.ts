import type { AsyncMessage } from 'rabbitmq-client';
import { type CarriedCounts, countsOfDeadLetter, countsOfDelivery, type RejectReason, type StoredCounts } from '#core';
import { MAX_DELIVERIES } from './rabbit-topology.ts';

/** Headers with the counts of a copy. Earlier builds have only the attempts. */
const FENCE = 'modelyard-fence';
const ATTEMPTS = 'modelyard-attempts';
const LOSSES = 'modelyard-losses';
const SUSPECT = 'modelyard-suspect';
const TURN = 'modelyard-turn';
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
 * Reads a message of a task queue. Quorum queues count deliveries that were not settled; RabbitMQ 4 counts
 * them separately from all deliveries.
 */
export function readTask({ headers, redelivered }: Received): MessageFacts {
  const lost = Math.max(
    numberIn(headers?.['x-delivery-count']) ?? 0,
    numberIn(headers?.['x-acquired-count']) ?? 0,
    redelivered ? 1 : 0,
  );
  return countsOfDelivery(countsIn(headers), lost);
}

/** Reads a dead letter. Without a reason, the broker moved it after the maximum number of deliveries. */
export function readDeadLetter({ headers }: Received): MessageFacts {
  const counts = countsIn(headers);
  const code = headers?.[REASON_CODE];
  if (code === undefined) return countsOfDeadLetter(counts, MAX_DELIVERIES);
  const message = String(headers?.[REASON_MESSAGE] ?? '');
  return { ...countsOfDeadLetter(counts, 0), reason: { code: String(code), message } };
}

const countsIn = (headers: Received['headers']): StoredCounts => ({
  fence: numberIn(headers?.[FENCE]),
  attempts: numberIn(headers?.[ATTEMPTS]),
  losses: numberIn(headers?.[LOSSES]),
  isSuspect: headers?.[SUSPECT] !== undefined,
});

/** Messages of earlier builds have turn 0. */
export const turnIn = ({ headers }: Received): number => numberIn(headers?.[TURN]) ?? 0;

export const turnHeader = (turn: number): Headers => (turn > 0 ? { [TURN]: turn } : {});

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
