import type { DeadLetter } from '#core';
import { decodeBody, encodeBody, readDeadLetter } from './sqs-message.ts';

/** What is read of a record of an SQS event, as Lambda gives it. */
export interface SqsRecord {
  readonly body: string;
  readonly eventSourceARN: string;
  readonly messageAttributes: Readonly<Record<string, { readonly stringValue?: string }>>;
}

/** The dead letter in a record of a dead-letter queue. A body that is not base64 is kept as the text it is. */
export function readDeadLetterRecord({ body, eventSourceARN, messageAttributes }: SqsRecord): DeadLetter {
  const entries = Object.entries(messageAttributes).map(
    ([name, { stringValue }]) => [name, { DataType: 'String', StringValue: stringValue }] as const,
  );
  const { attempts, reason } = readDeadLetter({ MessageAttributes: Object.fromEntries(entries) });
  const bytes = decodeBody(body);
  return {
    model: queueName(eventSourceARN).replace(/-dead-letters$/, ''),
    body: encodeBody(bytes) === body ? bytes : Buffer.from(body),
    attempts,
    ...(reason ? { reason } : {}),
  };
}

const queueName = (arn: string): string => arn.slice(arn.lastIndexOf(':') + 1);
