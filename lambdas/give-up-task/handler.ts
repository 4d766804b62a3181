import middy from '@middy/core';
import type { SQSBatchItemFailure, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { HandlerDeps } from '#api';
import { type DeadLetter, giveUpTask } from '#core';

/** Ends the tasks of dead letters as `failed`. Returns the failed records, which SQS delivers again. */
export const createHandler = (readRecord: (record: SQSRecord) => DeadLetter) => (deps: HandlerDeps) =>
  middy<SQSEvent, SQSBatchResponse>(async function giveUpTasks({ Records }: SQSEvent): Promise<SQSBatchResponse> {
    const failures = await Promise.all(Records.map((record) => giveUp(deps, record, readRecord)));
    return { batchItemFailures: failures.filter((failure) => failure !== undefined) };
  });

async function giveUp(
  { platform, logger, metrics }: HandlerDeps,
  record: SQSRecord,
  readRecord: (record: SQSRecord) => DeadLetter,
): Promise<SQSBatchItemFailure | undefined> {
  const { messageId } = record;
  try {
    const outcome = await giveUpTask(platform, readRecord(record));
    metrics.count('DeadLetters', { outcome });
    if (outcome === 'unreadable') logger.error('A dead letter is not a task. Its body was stored.', { messageId });
    else logger.info('A task was given up.', { messageId, outcome });
    return undefined;
  } catch (error) {
    logger.error('A dead letter could not be handled; it will be delivered again.', { messageId, error });
    return { itemIdentifier: messageId };
  }
}
