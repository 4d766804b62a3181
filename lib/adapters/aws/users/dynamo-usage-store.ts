import { randomUUID } from 'node:crypto';
import { DeleteItemCommand, type DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { Clock, StoredUsage, UsageStore } from '#core';
import { type Item, N, readNumber, readString, rowOf, S } from '../attributes.ts';
import { conditionalWrite, translated } from '../errors.ts';
import { CALLS_TABLE } from '../resources.ts';
import { USAGE_KINDS, usageKey, usageTtl } from './usage-rows.ts';

interface DynamoUsageStoreOptions {
  readonly client: DynamoDBClient;
  /** The table of calls, whose rows are small and expire too. */
  readonly table: string;
  readonly clock: Clock;
}

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
    const command = new PutItemCommand({
      TableName: table,
      Item: {
        ...keyOf(owner),
        ...{
          document: S(document),
          version: N(version),
          lastWrite: S(write),
          [CALLS_TABLE.ttlAttribute]: usageTtl(clock),
        },
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
    const commands = USAGE_KINDS.map((kind) => new DeleteItemCommand({ TableName: table, Key: usageKey(owner, kind) }));
    await Promise.all(commands.map((command) => translated('store_unavailable', () => client.send(command))));
  }

  async #read(owner: string): Promise<Item | undefined> {
    const { client, table } = this.#options;
    const command = new GetItemCommand({ TableName: table, Key: keyOf(owner), ConsistentRead: true });
    const { Item: item } = await translated('store_unavailable', () => client.send(command));
    return rowOf(keyOf(owner), item);
  }
}

const keyOf = (owner: string): Item => usageKey(owner, 'usage');
