import { createHash } from 'node:crypto';
import type { Message, MessageAttributeValue } from '@aws-sdk/client-sqs';
import type { RejectReason } from '#core';
import { TASK_QUEUE } from '../resources.ts';

/** Attempts begun before this message was sent: a message that was given back continues the count of the one it replaces. */
const ATTEMPTS = 'Attempts';
const REASON_CODE = 'ReasonCode';
const REASON_MESSAGE = 'ReasonMessage';
const MAX_REASON_LENGTH = 1000;
/** What SQS refuses in strings. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to replace
const FORBIDDEN = /[^\u0009\u000A\u000D\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

/** Attributes to ask for with each receive. */
export const RECEIVED_ATTRIBUTES = {
  MessageSystemAttributeNames: ['ApproximateReceiveCount', 'MessageGroupId'],
  MessageAttributeNames: [ATTEMPTS, REASON_CODE, REASON_MESSAGE],
} as const;

/** What a message says about itself besides its body. */
export interface MessageFacts {
  readonly attempt: number;
  readonly reason?: RejectReason;
}

/** SQS bodies are text. */
export const encodeBody = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');

export const decodeBody = (body: string | undefined): Uint8Array => Buffer.from(body ?? '', 'base64');

/** Reads a message of a task queue: receives of this copy, after those of the copies before it. */
export const readTask = ({ Attributes, MessageAttributes }: Message): MessageFacts => ({
  attempt: Number(MessageAttributes?.[ATTEMPTS]?.StringValue ?? 0) + Number(Attributes?.ApproximateReceiveCount ?? 1),
});

/** Reads a message of a dead-letter queue. One without a reason was moved by the broker, after as many receives as it allows. */
export function readDeadLetter({ MessageAttributes }: Message): MessageFacts {
  const before = Number(MessageAttributes?.[ATTEMPTS]?.StringValue ?? 0);
  const code = MessageAttributes?.[REASON_CODE]?.StringValue;
  if (code === undefined) return { attempt: before + TASK_QUEUE.maxReceives };
  return { attempt: before, reason: { code, message: MessageAttributes?.[REASON_MESSAGE]?.StringValue ?? '' } };
}

/** Attributes of a copy that goes back to its queue. */
export const attemptsAttribute = (attempts: number): Record<string, MessageAttributeValue> => ({
  [ATTEMPTS]: { DataType: 'Number', StringValue: String(attempts) },
});

/** Attributes of a dead letter. */
export const deadLetterAttributes = (
  attempts: number,
  reason: RejectReason,
): Record<string, MessageAttributeValue> => ({
  ...attemptsAttribute(attempts),
  [REASON_CODE]: text(reason.code),
  [REASON_MESSAGE]: text(reason.message),
});

const text = (value: string): MessageAttributeValue => ({
  DataType: 'String',
  // SQS refuses empty strings and lone surrogates.
  StringValue: value.slice(0, MAX_REASON_LENGTH).toWellFormed().replaceAll(FORBIDDEN, '\uFFFD') || '-',
});

/** An owner as SQS allows a message group to be called; owners with other characters are called by their hash. */
export const groupId = (owner: string): string =>
  /^[\w!"#$%&'()*+,\-./:;<=>?@[\\\]^`{|}~]{1,128}$/.test(owner)
    ? owner
    : createHash('sha256').update(owner).digest('hex');
