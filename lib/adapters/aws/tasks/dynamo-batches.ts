import {
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type QueryCommandOutput,
} from '@aws-sdk/client-dynamodb';
import { type Batch, type BatchStore, decodeBatch, encodeBatch } from '#core';
import { assertFits, type Item, N, readString, rowOf, S } from '../attributes.ts';
import { conditionalWrite, translated } from '../errors.ts';
import { BY_OWNER_INDEX, CREATED_KEY, OWNER_SHARD, TASKS_TABLE } from '../resources.ts';
import type { DynamoTaskStoreOptions } from './dynamo-task-store.ts';

/** Not an id of a task, so no reader of tasks meets a batch. */
const keyOf = (id: string): Item => ({ id: S(`batch/${id}`) });
const partitionOf = (owner: string) => `batches#${owner}`;

/** Stores each batch as one row of the table of tasks. */
export function dynamoBatches({ client, table, clock, keepsLists = true }: DynamoTaskStoreOptions): BatchStore {
  function itemOf(batch: Batch): Item {
    const created = String(batch.createdAt).padStart(16, '0');
    const item: Item = {
      ...keyOf(batch.id),
      document: S(encodeBatch(batch)),
      retainedUntil: N(batch.retainedUntil),
      [TASKS_TABLE.ttlAttribute]: N(Math.ceil(batch.retainedUntil / 1000)),
      ...(keepsLists
        ? { [OWNER_SHARD.name]: S(partitionOf(batch.owner)), [CREATED_KEY.name]: S(`${created}#${batch.id}`) }
        : {}),
    };
    assertFits(item);
    return item;
  }

  async function read(id: string): Promise<Item | undefined> {
    const command = new GetItemCommand({ TableName: table, Key: keyOf(id), ConsistentRead: true });
    return rowOf(keyOf(id), (await translated('store_unavailable', () => client.send(command))).Item);
  }

  /** TTL deletion may lag by days, so readers compare. */
  function kept(item: Item | undefined): Batch | undefined {
    const batch = item && decodeBatch(readString(item, 'document'));
    return batch && batch.retainedUntil > clock.now() ? batch : undefined;
  }

  async function ofOwner(owner: string, start: QueryCommandOutput['LastEvaluatedKey']): Promise<QueryCommandOutput> {
    const command = new QueryCommand({
      TableName: table,
      IndexName: BY_OWNER_INDEX.name,
      KeyConditionExpression: `${OWNER_SHARD.name} = :owner`,
      ExpressionAttributeValues: { ':owner': S(partitionOf(owner)) },
      ...(start ? { ExclusiveStartKey: start } : {}),
    });
    return translated('store_unavailable', () => client.send(command));
  }

  return {
    async create(batch) {
      const command = new PutItemCommand({
        TableName: table,
        Item: itemOf(batch),
        ConditionExpression: 'attribute_not_exists(id) OR retainedUntil <= :now',
        ExpressionAttributeValues: { ':now': N(clock.now()) },
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      });
      const outcome = await conditionalWrite(
        'store_unavailable',
        () => client.send(command),
        () => read(batch.id),
      );
      // Also after a put that the SDK repeated because its answer was lost: the caller then looks at each item.
      return outcome === 'done' ? undefined : kept(outcome.item);
    },
    get: async (id) => kept(await read(id)),
    async put(batch) {
      const command = new PutItemCommand({ TableName: table, Item: itemOf(batch) });
      await translated('store_unavailable', () => client.send(command));
    },
    async eraseOf(owner) {
      let start: QueryCommandOutput['LastEvaluatedKey'];
      do {
        const { Items = [], LastEvaluatedKey } = keepsLists ? await ofOwner(owner, start) : {};
        for (const item of Items) {
          const command = new DeleteItemCommand({ TableName: table, Key: { id: S(readString(item, 'id')) } });
          await translated('store_unavailable', () => client.send(command));
        }
        start = LastEvaluatedKey;
      } while (start);
    },
  };
}
