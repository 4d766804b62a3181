import { GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { inBatches, type MinuteCounts, STATS_KEPT_MINUTES, type StatCounts, type StatsStore } from '#core';
import { type Item, N, rowOf, S } from '../attributes.ts';
import { translated } from '../errors.ts';
import { TASKS_TABLE } from '../resources.ts';
import type { DynamoTableOptions } from '../tasks/dynamo-task-store.ts';

/** Rows that are read at a time. */
const MAX_READS = 100;

/** Stores the counts of a model and a minute as one row of the table of tasks. */
export class DynamoStatsStore implements Pick<StatsStore, 'add' | 'read'> {
  readonly #options: Omit<DynamoTableOptions, 'clock'>;

  constructor(options: Omit<DynamoTableOptions, 'clock'>) {
    this.#options = options;
  }

  async add(model: string, minute: number, counts: StatCounts): Promise<void> {
    const { client, table } = this.#options;
    const keys = Object.entries(counts);
    const command = new UpdateItemCommand({
      TableName: table,
      Key: { id: S(rowId(model, minute)) },
      UpdateExpression: `SET #ttl = :ttl ADD ${keys.map((_, i) => `#k${i} :k${i}`).join(', ')}`,
      ExpressionAttributeNames: {
        '#ttl': TASKS_TABLE.ttlAttribute,
        ...Object.fromEntries(keys.map(([key], i) => [`#k${i}`, key])),
      },
      ExpressionAttributeValues: {
        ':ttl': N((minute + STATS_KEPT_MINUTES) * 60),
        ...Object.fromEntries(keys.map(([, count], i) => [`:k${i}`, N(count)])),
      },
    });
    await translated('store_unavailable', () => client.send(command));
  }

  async read(model: string, { from, to }: { from: number; to: number }): Promise<readonly MinuteCounts[]> {
    const minutes = Array.from({ length: to - from + 1 }, (_, i) => from + i);
    const found: (MinuteCounts | undefined)[] = [];
    for (const batch of inBatches(minutes, MAX_READS)) {
      found.push(...(await Promise.all(batch.map((minute) => this.#read(model, minute)))));
    }
    return found.filter((minute) => minute !== undefined);
  }

  async #read(model: string, minute: number): Promise<MinuteCounts | undefined> {
    const { client, table } = this.#options;
    const key = { id: S(rowId(model, minute)) };
    const command = new GetItemCommand({ TableName: table, Key: key });
    const item = rowOf(key, (await translated('store_unavailable', () => client.send(command))).Item);
    return item && { minute, counts: countsIn(item) };
  }
}

const rowId = (model: string, minute: number): string => `stats:${model}:${minute}`;

const countsIn = (item: Item): StatCounts =>
  Object.fromEntries(
    Object.entries(item).flatMap(([key, { N: count }]) =>
      count === undefined || key === TASKS_TABLE.ttlAttribute ? [] : [[key, Number(count)]],
    ),
  );
