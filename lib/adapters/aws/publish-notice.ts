import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { ModelyardError, memoize, type Notice } from '#core';

const TIMEOUT_MS = 15_000;
const MAX_SUBJECT = 100;

/** Publishes to topics of Amazon SNS. Rejects with `bad_gateway`, which may be retried. */
export function noticePublisher(): (notice: Notice) => Promise<void> {
  // A topic is in the region of its ARN.
  const clientOf = memoize(async (region: string) => new SNSClient({ region }), { maxEntries: 10 });
  return async function publishNotice(notice) {
    await publish(await clientOf(notice.topic.split(':')[3] as string), notice);
  };
}

async function publish(client: SNSClient, { id, topic, subject, body }: Notice): Promise<void> {
  // SNS refuses other characters, and longer subjects.
  const Subject = subject.replace(/[^\x20-\x7e]/g, '?').slice(0, MAX_SUBJECT);
  const command = new PublishCommand({
    ...{ TopicArn: topic, Subject, Message: body },
    MessageAttributes: { id: { DataType: 'String', StringValue: id } },
    // A repetition of the same message within five minutes is published once.
    ...(topic.endsWith('.fifo') ? { MessageGroupId: 'alerts', MessageDeduplicationId: id } : {}),
  });
  try {
    await client.send(command, { abortSignal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ModelyardError('bad_gateway', `The topic did not take the message: ${reason}`, {
      cause,
      retryable: true,
    });
  }
}
