import { createHash } from 'node:crypto';
import type { Message, MessageAttributeValue } from '@aws-sdk/client-sqs';
import {
  type CarriedCounts,
  countsOfDeadLetter,
  countsOfDelivery,
  type DeadLetter,
  type RejectReason,
  type StoredCounts,
} from '#core';
import { TASK_QUEUE } from '../resources.ts';

/** Attributes with the counts of a copy. Earlier builds have only the attempts. */
const FENCE = 'Fence';
const ATTEMPTS = 'Attempts';
const LOSSES = 'Losses';
const SUSPECT = 'Suspect';
const REASON_CODE = 'ReasonCode';
const REASON_MESSAGE = 'ReasonMessage';
const MAX_REASON_LENGTH = 1000;
/** Characters that SQS refuses in strings. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to replace
const FORBIDDEN = /[^\u0009\u000A\u000D\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

/** Attributes to request with each receive. */
export const RECEIVED_ATTRIBUTES = {
  MessageSystemAttributeNames: ['ApproximateReceiveCount', 'MessageGroupId'],
  MessageAttributeNames: [FENCE, ATTEMPTS, LOSSES, SUSPECT, REASON_CODE, REASON_MESSAGE],
} as const;

/** The counts in the attributes of a message. */
export interface MessageFacts extends CarriedCounts {
  readonly reason?: RejectReason;
}

/** Base64, because SQS bodies are text. */
export const encodeBody = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');

export const decodeBody = (body: string | undefined): Uint8Array => Buffer.from(body ?? '', 'base64');

/** Reads a message of a task queue. */
export function readTask({ Attributes, MessageAttributes }: Message): MessageFacts {
  return countsOfDelivery(countsIn(MessageAttributes), Number(Attributes?.ApproximateReceiveCount ?? 1) - 1);
}

/** Reads a message of a dead-letter queue. One without a reason was moved by the broker. */
export function readDeadLetter({ MessageAttributes }: Message): MessageFacts {
  const counts = countsIn(MessageAttributes);
  const code = MessageAttributes?.[REASON_CODE]?.StringValue;
  if (code === undefined) return countsOfDeadLetter(counts, TASK_QUEUE.maxReceives);
  const message = MessageAttributes?.[REASON_MESSAGE]?.StringValue ?? '';
  return { ...countsOfDeadLetter(counts, 0), reason: { code, message } };
}

const countsIn = (attributes: Message['MessageAttributes']): StoredCounts => ({
  fence: numberIn(attributes?.[FENCE]),
  attempts: numberIn(attributes?.[ATTEMPTS]),
  losses: numberIn(attributes?.[LOSSES]),
  isSuspect: attributes?.[SUSPECT] !== undefined,
});

const numberIn = (value: MessageAttributeValue | undefined): number | undefined =>
  value?.StringValue === undefined ? undefined : Number(value.StringValue);

/** Attributes of a copy that returns to its queue. */
export const countAttributes = ({
  fence,
  attempts,
  losses,
  isSuspect,
}: CarriedCounts): Record<string, MessageAttributeValue> => ({
  [FENCE]: number(fence),
  [ATTEMPTS]: number(attempts),
  ...(losses > 0 ? { [LOSSES]: number(losses) } : {}),
  ...(isSuspect ? { [SUSPECT]: number(1) } : {}),
});

export const deadLetterAttributes = (
  counts: CarriedCounts,
  reason: RejectReason,
): Record<string, MessageAttributeValue> => ({
  ...countAttributes(counts),
  [REASON_CODE]: text(reason.code),
  [REASON_MESSAGE]: text(reason.message),
});

const number = (value: number): MessageAttributeValue => ({ DataType: 'Number', StringValue: String(value) });

const text = (value: string): MessageAttributeValue => ({
  DataType: 'String',
  // SQS rejects empty strings and lone surrogates.
  StringValue: value.slice(0, MAX_REASON_LENGTH).toWellFormed().replaceAll(FORBIDDEN, '\uFFFD') || '-',
});

/** The message group of an owner: its name, or a hash if SQS does not allow the name. */
export const groupId = (owner: string): string =>
  /^[\w!"#$%&'()*+,\-./:;<=>?@[\\\]^`{|}~]{1,128}$/.test(owner)
    ? owner
    : createHash('sha256').update(owner).digest('hex');

/** The fields of an SQS event record that are read. */
export interface SqsRecord {
  readonly body: string;
  readonly eventSourceARN: string;
  readonly messageAttributes: Readonly<Record<string, { readonly stringValue?: string }>>;
}

/** The dead letter in a record of a dead-letter queue. A body that is not base64 is kept as UTF-8 text. */
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
