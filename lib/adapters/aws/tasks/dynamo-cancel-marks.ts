import { GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { CANCEL_MARK_SECONDS, type CancelMarks, HEARTBEAT_INTERVAL_MS } from '#core';
import { N, rowOf, S } from '../attributes.ts';
import { translated } from '../errors.ts';
import { TASKS_TABLE } from '../resources.ts';
import type { DynamoTableOptions } from './dynamo-task-store.ts';

/** The first part of the keys of marks, which are rows of the table of tasks. */
export const CANCEL_MARK_PREFIX = 'canceled:';

/** A task that waited longer than this when it starts is looked up if a task of its model was canceled. */
const START_AGE_MS = 1000;

/** Stores the mark of each model as a row. Reads cost money, so short runs of tasks that did not wait cause none. */
export function dynamoCancelMarks({ client, table, clock }: DynamoTableOptions): CancelMarks {
  const keyOf = (model: string) => ({ id: S(`${CANCEL_MARK_PREFIX}${model}`) });
  return {
    startAgeMs: START_AGE_MS,
    runIntervalMs: HEARTBEAT_INTERVAL_MS,
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
