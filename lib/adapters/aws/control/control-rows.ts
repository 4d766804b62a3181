import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { NO_MEMORY, type ScalingMemory } from '#core';
import { type Item, N, optional, present, readNumber, readString, S } from '../attributes.ts';
import { translated } from '../errors.ts';
import { LAUNCH_ROWS, REGISTRY_TABLE, SCALING_ROWS } from '../resources.ts';

/** An instance that an operator has asked for. A task of the service adopts its id and its variant. */
export interface Launch {
  readonly id: string;
  readonly variant?: string;
  /** When it was asked for or released, in Unix milliseconds. */
  readonly createdAt: number;
  /** The ECS task that has adopted it. */
  readonly taskId?: string;
}

export interface ControlRowsOptions {
  readonly client: DynamoDBClient;
  /** The registry table. */
  readonly table: string;
}

/** A launch that no task has adopted within this time has failed. */
const START_MS = 15 * 60_000;
/** Whether an instance may still be on its way. */
export const isStarting = ({ createdAt }: Launch, now: number): boolean => createdAt > now - START_MS;

/** TTL removes the row of an instance that was never stopped by its id, long after its end. */
const KEPT_SECONDS = 400 * 24 * 3600;

/** The rows of instance control in the registry table: launches and the state of scaling. */
export class ControlRows {
  readonly #options: ControlRowsOptions;

  constructor(options: ControlRowsOptions) {
    this.#options = options;
  }

  async putLaunch(model: string, { id, variant, createdAt }: Launch): Promise<void> {
    await this.#put({
      ...launchKey(model, id),
      ...present({ variant: optional(variant, S) }),
      createdAt: N(createdAt),
      [REGISTRY_TABLE.ttlAttribute]: N(Math.ceil(createdAt / 1000) + KEPT_SECONDS),
    });
  }

  /** Launches of a model that have not ended, oldest first. */
  async launches(model: string): Promise<readonly Launch[]> {
    const { client, table } = this.#options;
    const rows: Item[] = [];
    let start: Item | undefined;
    do {
      const command: QueryCommand = new QueryCommand({
        TableName: table,
        ConsistentRead: true,
        KeyConditionExpression: 'kind = :kind AND begins_with(#name, :model)',
        FilterExpression: 'attribute_not_exists(endedAt)',
        ExpressionAttributeNames: { '#name': 'name' },
        ExpressionAttributeValues: { ':kind': S(LAUNCH_ROWS), ':model': S(`${model}/`) },
        ...(start === undefined ? {} : { ExclusiveStartKey: start }),
      });
      const page = await translated('registry_unavailable', () => client.send(command));
      rows.push(...(page.Items ?? []));
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
    return rows.map(toLaunch).toSorted((a, b) => a.createdAt - b.createdAt);
  }

  /** Resolves with false when another task has adopted it, or when it has ended. */
  adopt(model: string, id: string, taskId: string): Promise<boolean> {
    return this.#update(model, id, {
      UpdateExpression: 'SET taskId = :task',
      ConditionExpression:
        'attribute_exists(createdAt) AND attribute_not_exists(endedAt) AND (attribute_not_exists(taskId) OR taskId = :task)',
      ExpressionAttributeValues: { ':task': S(taskId) },
    });
  }

  /** The next task adopts it. For a task that makes room for a new deployment. */
  release(model: string, { id, taskId, nowMs }: { id: string; taskId: string; nowMs: number }): Promise<boolean> {
    return this.#update(model, id, {
      UpdateExpression: 'REMOVE taskId SET createdAt = :now',
      ConditionExpression: 'taskId = :task AND attribute_not_exists(endedAt)',
      ExpressionAttributeValues: { ':task': S(taskId), ':now': N(nowMs) },
    });
  }

  /** Resolves with false when it had ended before. */
  end(model: string, id: string, nowMs: number): Promise<boolean> {
    return this.#update(model, id, {
      UpdateExpression: 'SET endedAt = :now, #ttl = :ttl',
      ConditionExpression: 'attribute_exists(createdAt) AND attribute_not_exists(endedAt)',
      ExpressionAttributeNames: { '#ttl': REGISTRY_TABLE.ttlAttribute },
      ExpressionAttributeValues: { ':now': N(nowMs), ':ttl': N(Math.ceil(nowMs / 1000)) },
    });
  }

  async readMemory(model: string): Promise<ScalingMemory> {
    const { client, table } = this.#options;
    const command = new GetItemCommand({ TableName: table, Key: scalingKey(model), ConsistentRead: true });
    const { Item: item } = await translated('registry_unavailable', () => client.send(command));
    return item ? (JSON.parse(readString(item, 'document')) as ScalingMemory) : NO_MEMORY;
  }

  async writeMemory(model: string, memory: ScalingMemory): Promise<void> {
    await this.#put({ ...scalingKey(model), document: S(JSON.stringify(memory)) });
  }

  async #put(item: Item): Promise<void> {
    const { client, table } = this.#options;
    await translated('registry_unavailable', () => client.send(new PutItemCommand({ TableName: table, Item: item })));
  }

  async #update(model: string, id: string, change: Partial<UpdateItemCommand['input']>): Promise<boolean> {
    const { client, table } = this.#options;
    const command = new UpdateItemCommand({ TableName: table, Key: launchKey(model, id), ...change });
    return translated('registry_unavailable', async () => {
      try {
        await client.send(command);
        return true;
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return false;
        throw error;
      }
    });
  }
}

const launchKey = (model: string, id: string): Item => ({ kind: S(LAUNCH_ROWS), name: S(`${model}/${id}`) });
const scalingKey = (model: string): Item => ({ kind: S(SCALING_ROWS), name: S(model) });

function toLaunch(item: Item): Launch {
  const name = readString(item, 'name');
  const { variant, taskId } = item;
  return {
    id: name.slice(name.indexOf('/') + 1),
    ...(variant?.S === undefined ? {} : { variant: variant.S }),
    createdAt: readNumber(item, 'createdAt'),
    ...(taskId?.S === undefined ? {} : { taskId: taskId.S }),
  };
}
