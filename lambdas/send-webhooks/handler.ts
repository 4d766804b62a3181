import middy from '@middy/core';
import type { SQSBatchItemFailure, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { HandlerDeps } from '#api';
import { createSendDue, type Sending } from './send-due.ts';

/** Sends due webhooks. Returns the failed records, which SQS delivers again. */
export const createHandler = (sending: Sending) => (deps: HandlerDeps) => {
  const sendDue = createSendDue(deps, sending);

  async function send({ messageId, body }: SQSRecord): Promise<SQSBatchItemFailure | undefined> {
    try {
      await sendDue(body);
      return undefined;
    } catch (error) {
      deps.logger.error('A webhook could not be handled; it will be delivered again.', { messageId, error });
      return { itemIdentifier: messageId };
    }
  }

  return middy<SQSEvent, SQSBatchResponse>(async function sendWebhooks({ Records }: SQSEvent) {
    const failures = await Promise.all(Records.map(send));
    return { batchItemFailures: failures.filter((failure) => failure !== undefined) };
  });
};
