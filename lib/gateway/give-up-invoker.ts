import { randomUUID } from 'node:crypto';
import type { SQSRecord } from 'aws-lambda';
import type { HandlerDeps } from '#api';
import type { DeadLetter, Delivery } from '#core';
import { createHandler } from '#lambdas/give-up-task/handler.ts';
import type { DeadLetterPumpOptions } from './dead-letter-pump.ts';
import { lambdaContext } from './lambda-context.ts';

const TIMEOUT_MS = 30_000;

/** Hands dead letters to their Lambda handler, as the batch of records that it gets from SQS. */
export function createGiveUp(deps: HandlerDeps): DeadLetterPumpOptions['giveUp'] {
  return async function giveUp(model, deliveries) {
    const byId = new Map(deliveries.map((delivery) => [randomUUID() as string, delivery]));
    const handle = createHandler(({ messageId }) => toDeadLetter(model, byId.get(messageId)))(deps);
    const records = [...byId].map(([messageId, delivery]) => toRecord(model, messageId, delivery));
    const context = lambdaContext({ name: 'give-up-task', requestId: randomUUID(), timeoutMs: TIMEOUT_MS });
    const { batchItemFailures } = await handle({ Records: records }, context);
    const failed = batchItemFailures.map(({ itemIdentifier }) => byId.get(itemIdentifier));
    return new Set(failed.filter((delivery) => delivery !== undefined));
  };
}

function toDeadLetter(model: string, delivery: Delivery | undefined): DeadLetter {
  if (!delivery) throw new Error('The handler asked for a record that it was not given.');
  const { body, attempts, reason } = delivery;
  return { model, body, attempts, ...(reason ? { reason } : {}) };
}

const toRecord = (model: string, messageId: string, { body, fence }: Delivery): SQSRecord => ({
  messageId,
  receiptHandle: messageId,
  body: Buffer.from(body).toString('base64'),
  attributes: {
    ApproximateReceiveCount: String(fence),
    SentTimestamp: '0',
    SenderId: 'local',
    ApproximateFirstReceiveTimestamp: '0',
  },
  messageAttributes: {},
  md5OfBody: '',
  eventSource: 'aws:sqs',
  eventSourceARN: `arn:aws:sqs:local:000000000000:${model}`,
  awsRegion: 'local',
});
