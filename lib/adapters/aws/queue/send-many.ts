import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { flowOf, inGroups, ModelyardError, type QueuedMessage, UNREACHABLE, unavailable } from '#core';
import { translated } from '../errors.ts';
import { encodeBody, groupId } from './sqs-message.ts';

/** Maximum per call of SQS. */
const MAX_MESSAGES = 10;
const MAX_BYTES = 1_000_000;
/** Calls at once. */
const AT_ONCE = 10;

interface Entry {
  readonly at: number;
  readonly body: string;
  readonly group: string;
}

type Faults = (ModelyardError | undefined)[];

/** See `TaskQueue.sendMany`: one call per ten messages, or per megabyte. */
export async function sendMany(
  client: SQSClient,
  queueUrl: string,
  messages: readonly QueuedMessage[],
): Promise<readonly (ModelyardError | undefined)[]> {
  const faults: Faults = messages.map(() => undefined);
  const entries = messages.map(
    ({ body, group, priority }, at): Entry => ({ at, body: encodeBody(body), group: flowOf(group, priority) }),
  );
  // The entries of one call each.
  const waiting = [
    ...inGroups(entries, { sizeOf: ({ body }) => body.length, maxSize: MAX_BYTES, maxItems: MAX_MESSAGES }),
  ];
  const work = async () => {
    for (let call = waiting.shift(); call; call = waiting.shift()) await send(client, queueUrl, call, faults);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return faults;
}

async function send(client: SQSClient, queueUrl: string, entries: readonly Entry[], faults: Faults): Promise<void> {
  const command = new SendMessageBatchCommand({
    QueueUrl: queueUrl,
    Entries: entries.map(({ at, body, group }) => ({
      Id: String(at),
      MessageBody: body,
      MessageGroupId: groupId(group),
    })),
  });
  try {
    const { Successful = [], Failed = [] } = await translated('queue_unavailable', () => client.send(command));
    const confirmed = new Set(Successful.map(({ Id }) => Number(Id)));
    for (const { at } of entries) if (!confirmed.has(at)) faults[at] = refused(Failed[0]?.Message);
  } catch (error) {
    // Recovery: reported for each message.
    const fault = error instanceof ModelyardError ? error : refused(String(error));
    for (const { at } of entries) faults[at] = fault;
  }
}

const refused = (why: string | undefined): ModelyardError =>
  unavailable('queue_unavailable', UNREACHABLE.queue_unavailable, new Error(why ?? 'SQS did not confirm the message.'));
