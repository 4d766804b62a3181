import { randomUUID } from 'node:crypto';
import { DeleteItemCommand, type DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Clock, DocumentTimes, ReceivedKey, StoredDocument, WebhookStore } from '#core';
import { type Item, N, readNumber, readString, rowOf, S } from '../attributes.ts';
import { conditionalWrite, translated } from '../errors.ts';
import { groupId } from '../queue/sqs-message.ts';
import { TASKS_TABLE, webhookQueueName } from '../resources.ts';
import { receiveWebhooks } from './webhook-receiver.ts';

export interface WebhookStoreOptions {
  readonly dynamodb: DynamoDBClient;
  readonly sqs: SQSClient;
  /** The table of tasks. */
  readonly table: string;
  readonly queueUrlPrefix: string;
  /** How long an empty receive waits, in seconds. */
  readonly pollSeconds: number;
  readonly clock: Clock;
}

/** The longest delay of SQS. A key that is delivered too early is sent again. */
const MAX_DELAY_SECONDS = 900;

/** Stores each document as a row of the table of tasks. Keys travel in a queue of SQS. */
export class DynamoWebhookStore implements Omit<WebhookStore, 'pace' | 'due'> {
  readonly #options: WebhookStoreOptions;

  constructor(options: WebhookStoreOptions) {
    this.#options = options;
  }

  async get(key: string): Promise<StoredDocument | undefined> {
    const item = await this.#read(key);
    return item && { document: readString(item, 'document'), version: readNumber(item, 'version') };
  }

  async put(key: string, { document, version }: StoredDocument, { expiresAt }: DocumentTimes): Promise<boolean> {
    // Distinguishes our own write, repeated by the SDK after a lost response, from a concurrent one.
    const write = randomUUID();
    const expires: Record<string, string> = expiresAt === undefined ? {} : { '#ttl': TASKS_TABLE.ttlAttribute };
    const command = new UpdateItemCommand({
      TableName: this.#options.table,
      Key: keyOf(key),
      UpdateExpression: `SET #document = :document, version = :version, lastWrite = :write${expiresAt === undefined ? '' : ', #ttl = :ttl'}`,
      ConditionExpression: version === 1 ? 'attribute_not_exists(version)' : 'version = :previous',
      ExpressionAttributeNames: { '#document': 'document', ...expires },
      ExpressionAttributeValues: {
        ...{ ':document': S(document), ':version': N(version), ':write': S(write) },
        ...(version === 1 ? {} : { ':previous': N(version - 1) }),
        ...(expiresAt === undefined ? {} : { ':ttl': N(Math.ceil(expiresAt / 1000)) }),
      },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
    const outcome = await conditionalWrite(
      'store_unavailable',
      () => this.#options.dynamodb.send(command),
      () => this.#read(key),
    );
    return outcome === 'done' || outcome.item?.lastWrite?.S === write;
  }

  async delete(key: string): Promise<void> {
    const command = new DeleteItemCommand({ TableName: this.#options.table, Key: keyOf(key) });
    await translated('store_unavailable', () => this.#options.dynamodb.send(command));
  }

  async wake(key: string, at: number, group: string): Promise<void> {
    const { sqs, queueUrlPrefix, clock } = this.#options;
    const seconds = Math.ceil((at - clock.now()) / 1000);
    const command = new SendMessageCommand({
      QueueUrl: webhookQueueName(queueUrlPrefix),
      MessageBody: key,
      DelaySeconds: Math.min(MAX_DELAY_SECONDS, Math.max(0, seconds)),
      // Fair queues: a slow receiver of one owner does not delay the others.
      MessageGroupId: groupId(group),
    });
    await translated('queue_unavailable', () => sqs.send(command));
  }

  receive(signal: AbortSignal): Promise<readonly ReceivedKey[]> {
    return receiveWebhooks(this.#options, signal);
  }

  async #read(key: string): Promise<Item | undefined> {
    const { dynamodb, table } = this.#options;
    const command = new GetItemCommand({ TableName: table, Key: keyOf(key), ConsistentRead: true });
    return rowOf(keyOf(key), (await translated('store_unavailable', () => dynamodb.send(command))).Item);
  }
}

/** No task has this id: ids of tasks are UUIDs. */
const keyOf = (key: string): Item => ({ [TASKS_TABLE.partitionKey.name]: S(key) });
