import { randomUUID } from 'node:crypto';
import { DeleteItemCommand, type DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { type Clock, DAY_MS, type StoredUsage, type UsageStore } from '#core';
import { type Item, N, readNumber, readString, rowOf, S } from '../attributes.ts';
import { conditionalWrite, translated } from '../errors.ts';
import { CALLS_TABLE } from '../resources.ts';

interface DynamoUsageStoreOptions {
  readonly client: DynamoDBClient;
  /** The table of calls, whose rows are small and expire too. */
  readonly table: string;
  readonly clock: Clock;
}

/** Rows that nobody has changed for two days are forgotten: by then, tokens and days have started again. */
const KEPT_MS = 2 * DAY_MS;

/** Stores usage beside the calls. A change is one read and one put. */
export class DynamoUsageStore implements UsageStore {
  readonly #options: DynamoUsageStoreOptions;

  constructor(options: DynamoUsageStoreOptions) {
    this.#options = options;
  }

  async get(owner: string): Promise<StoredUsage | undefined> {
    const item = await this.#read(owner);
    return item && { document: readString(item, 'document'), version: readNumber(item, 'version') };
  }

  async put(owner: string, { document, version }: StoredUsage): Promise<boolean> {
    const { client, table, clock } = this.#options;
    // Distinguishes our own put, repeated by the SDK after a lost response, from a concurrent one.
    const write = randomUUID();
    const ttl = Math.ceil((clock.now() + KEPT_MS) / 1000);
    const command = new PutItemCommand({
      TableName: table,
      Item: {
        ...keyOf(owner),
        ...{ document: S(document), version: N(version), lastWrite: S(write), [CALLS_TABLE.ttlAttribute]: N(ttl) },
      },
      ...(version === 1
        ? { ConditionExpression: `attribute_not_exists(${CALLS_TABLE.partitionKey.name})` }
        : {
            ConditionExpression: 'version = :previous',
            ExpressionAttributeValues: { ':previous': N(version - 1) },
          }),
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
    const outcome = await conditionalWrite(
      'store_unavailable',
      () => client.send(command),
      () => this.#read(owner),
    );
    return outcome === 'done' || outcome.item?.lastWrite?.S === write;
  }

  async delete(owner: string): Promise<void> {
    const { client, table } = this.#options;
    const command = new DeleteItemCommand({ TableName: table, Key: keyOf(owner) });
    await translated('store_unavailable', () => client.send(command));
  }

  async #read(owner: string): Promise<Item | undefined> {
    const { client, table } = this.#options;
    const command = new GetItemCommand({ TableName: table, Key: keyOf(owner), ConsistentRead: true });
    const { Item: item } = await translated('store_unavailable', () => client.send(command));
    return rowOf(keyOf(owner), item);
  }
}

/** No list of calls has this key: theirs begin with the number of a partition. */
const keyOf = (owner: string): Item => ({
  [CALLS_TABLE.partitionKey.name]: S(`usage#${owner}`),
  [CALLS_TABLE.sortKey.name]: S('usage'),
});
