import { BatchGetItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { inBatches, type TaskHead, unavailable } from '#core';
import { type Item, readNumber, readString, S } from '../attributes.ts';
import { translated } from '../errors.ts';

interface HeadsDeps {
  readonly client: DynamoDBClient;
  readonly table: string;
  isKept(item: Item): boolean;
}

/** Maximum per call of DynamoDB. */
const MAX_KEYS = 100;
/** Calls for rows that DynamoDB did not return, because they were too many bytes or it was busy. */
const MAX_ROUNDS = 20;
const ATTRIBUTES = ['id', 'state', 'deadlineAt', 'retainedUntil', 'withdrawnAt'] as const;

/** See `TaskStore.heads`. */
export async function readHeads(deps: HeadsDeps, ids: readonly string[]): Promise<readonly (TaskHead | undefined)[]> {
  const pages = await Promise.all(inBatches([...new Set(ids)], MAX_KEYS).map((some) => readPage(deps, some)));
  const heads = new Map(pages.flat().map((head) => [head.id, head]));
  return ids.map((id) => heads.get(id));
}

async function readPage({ client, table, isKept }: HeadsDeps, ids: readonly string[]): Promise<readonly TaskHead[]> {
  const heads: TaskHead[] = [];
  let keys: Item[] = ids.map((id) => ({ id: S(id) }));
  for (let round = 0; round < MAX_ROUNDS && keys.length > 0; round++) {
    const command = new BatchGetItemCommand({
      RequestItems: {
        [table]: {
          Keys: keys,
          ConsistentRead: true,
          ProjectionExpression: ATTRIBUTES.map((name) => `#${name}`).join(', '),
          ExpressionAttributeNames: Object.fromEntries(ATTRIBUTES.map((name) => [`#${name}`, name])),
        },
      },
    });
    const { Responses, UnprocessedKeys } = await translated('store_unavailable', () => client.send(command));
    for (const item of Responses?.[table] ?? []) if (isKept(item)) heads.push(toHead(item));
    keys = UnprocessedKeys?.[table]?.Keys ?? [];
  }
  if (keys.length > 0) throw unavailable('store_unavailable', 'DynamoDB returned too few rows.', undefined);
  return heads;
}

const toHead = (item: Item): TaskHead => ({
  id: readString(item, 'id'),
  state: readString(item, 'state') as TaskHead['state'],
  deadlineAt: readNumber(item, 'deadlineAt'),
});
