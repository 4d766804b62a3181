import { GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { CANCEL_MARK_SECONDS, type CancelMarks } from '#core';
import { N, rowOf, S } from '../attributes.ts';
import { translated } from '../errors.ts';
import { TASKS_TABLE } from '../resources.ts';
import type { DynamoTableOptions } from './dynamo-task-store.ts';

/** The first part of the keys of marks, which are rows of the table of tasks. */
export const CANCEL_MARK_PREFIX = 'canceled:';

/** Stores the mark of each model as a row. */
export function dynamoCancelMarks({ client, table, clock }: DynamoTableOptions): Pick<CancelMarks, 'get' | 'put'> {
  const keyOf = (model: string) => ({ id: S(`${CANCEL_MARK_PREFIX}${model}`) });
  return {
    async put(model, mark) {
      const expiresAt = Math.ceil(clock.now() / 1000) + CANCEL_MARK_SECONDS;
      const command = new UpdateItemCommand({
        TableName: table,
        Key: keyOf(model),
        UpdateExpression: 'SET #mark = :mark, #ttl = :ttl',
        ExpressionAttributeNames: { '#mark': 'mark', '#ttl': TASKS_TABLE.ttlAttribute },
        ExpressionAttributeValues: { ':mark': S(mark), ':ttl': N(expiresAt) },
      });
      await translated('store_unavailable', () => client.send(command));
    },
    async get(model) {
      const command = new GetItemCommand({ TableName: table, Key: keyOf(model), ConsistentRead: true });
      const { Item } = await translated('store_unavailable', () => client.send(command));
      return rowOf(keyOf(model), Item)?.mark?.S;
    },
  };
}
