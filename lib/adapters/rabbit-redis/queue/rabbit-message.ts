import type { AsyncMessage } from 'rabbitmq-client';
import type { RejectReason } from '#core';
import { MAX_DELIVERIES } from './rabbit-topology.ts';

/** Attempts begun before this copy was sent: a copy continues the count of the message it replaces. */
const ATTEMPTS = 'modelyard-attempts';
const REASON_CODE = 'modelyard-reason-code';
const REASON_MESSAGE = 'modelyard-reason-message';
/** All headers of a message have to fit into one frame. */
const MAX_REASON_LENGTH = 1000;

export type Headers = Readonly<Record<string, string | number>>;

/** What a message says about itself besides its body. */
export interface MessageFacts {
  readonly attempt: number;
  readonly reason?: RejectReason;
}

type Received = Pick<AsyncMessage, 'headers' | 'redelivered'>;

/**
 * Reads a message of a task queue: deliveries of this copy, after those of the copies before it. Quorum queues
 * count deliveries that were not settled; RabbitMQ 4 counts them apart from those that were handed out.
 */
export function readTask({ headers, redelivered }: Received): MessageFacts {
  const before = Math.max(
    count(headers?.['x-delivery-count']),
    count(headers?.['x-acquired-count']),
    redelivered ? 1 : 0,
  );
  return { attempt: count(headers?.[ATTEMPTS]) + before + 1 };
}

/** Reads a dead letter. One without a reason was moved by the broker, after as many deliveries as it allows. */
export function readDeadLetter({ headers }: Received): MessageFacts {
  const before = count(headers?.[ATTEMPTS]);
  const code = headers?.[REASON_CODE];
  if (code === undefined) return { attempt: before + MAX_DELIVERIES };
  return { attempt: before, reason: { code: String(code), message: String(headers?.[REASON_MESSAGE] ?? '') } };
}

/** Headers of a copy of which so many attempts were begun. */
export const copyHeaders = (attempts: number, reason?: RejectReason): Headers => ({
  [ATTEMPTS]: attempts,
  ...(reason === undefined
    ? {}
    : {
        [REASON_CODE]: reason.code.slice(0, MAX_REASON_LENGTH).toWellFormed(),
        [REASON_MESSAGE]: reason.message.slice(0, MAX_REASON_LENGTH).toWellFormed(),
      }),
});

const count = (value: unknown): number => (value === undefined ? 0 : Number(value));
