import { randomUUID } from 'node:crypto';
import {
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import {
  type Instance,
  isInstance,
  isModel,
  type Model,
  type ModelRegistry,
  ModelyardError,
  type RegistrySnapshot,
} from '#core';
import { type Item, N, rowOf, S } from '../attributes.ts';
import { type ConditionalOutcome, conditionalWrite, translated } from '../errors.ts';

import { MODEL_ROWS, REGISTRY_TABLE } from '../resources.ts';
import type { DynamoTableOptions } from '../tasks/dynamo-task-store.ts';

/** One partition for models and one for instances: two queries read everything. */
const MODELS = MODEL_ROWS;
const INSTANCES = 'instance';
/** Rows are kept longer than their heartbeat, because the clock of an instance may be behind. */
const KEPT_SECONDS = 3600;

/** Models and instances as JSON documents. */
export class DynamoModelRegistry implements ModelRegistry {
  readonly #client: DynamoDBClient;
  readonly #options: DynamoTableOptions;

  constructor(options: DynamoTableOptions) {
    this.#client = options.client;
    this.#options = options;
  }

  async readModel(name: string): Promise<Model | undefined> {
    const item = await this.#read(keyOf(MODELS, name));
    if (item === undefined) return undefined;
    const model = parseDocument(item);
    if (isModel(model)) return model;
    throw new ModelyardError('internal', `The registry's row of the model ${name} cannot be read.`);
  }

  async writeModel(model: Model): Promise<boolean> {
    const key = keyOf(MODELS, model.name);
    // Distinguishes our own row, written again by the SDK after a lost response, from a concurrent one.
    const write = randomUUID();
    const refused = await this.#conditional(key, () =>
      this.#client.send(
        new PutItemCommand({
          TableName: this.#options.table,
          Item: { ...key, version: N(model.version), write: S(write), document: S(JSON.stringify(model)) },
          ...(model.version === 1
            ? { ConditionExpression: 'attribute_not_exists(version)' }
            : {
                ConditionExpression: 'version = :previous',
                ExpressionAttributeValues: { ':previous': N(model.version - 1) },
              }),
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      ),
    );
    return refused === 'done' || refused.item?.write?.S === write;
  }

  async putInstance(instance: Instance): Promise<void> {
    const command = new PutItemCommand({
      TableName: this.#options.table,
      Item: {
        ...keyOf(INSTANCES, `${instance.model}/${instance.id}`),
        document: S(JSON.stringify(instance)),
        expiresAt: N(instance.expiresAt),
        [REGISTRY_TABLE.ttlAttribute]: N(Math.ceil(instance.expiresAt / 1000) + KEPT_SECONDS),
      },
    });
    await translated('registry_unavailable', () => this.#client.send(command));
  }

  async removeInstance(model: string, id: string): Promise<void> {
    const key = keyOf(INSTANCES, `${model}/${id}`);
    await this.#conditional(key, () =>
      this.#client.send(
        new UpdateItemCommand({
          TableName: this.#options.table,
          Key: key,
          // Expires at once; TTL deletes the row later.
          UpdateExpression: 'SET expiresAt = :never',
          ConditionExpression: 'attribute_exists(expiresAt)',
          ExpressionAttributeValues: { ':never': N(0) },
        }),
      ),
    );
  }

  async snapshot(): Promise<RegistrySnapshot> {
    const [models, instances] = await Promise.all([
      this.#query({ ExpressionAttributeValues: { ':kind': S(MODELS) } }),
      this.#query({
        // No comparison of times: clocks of instances may be behind. TTL limits expired rows.
        FilterExpression: 'expiresAt <> :never',
        ExpressionAttributeValues: { ':kind': S(INSTANCES), ':never': N(0) },
      }),
    ]);
    return {
      models: models.map(parseDocument).filter(isModel),
      instances: instances.map(parseDocument).filter(isInstance),
    };
  }

  async #query(condition: { FilterExpression?: string; ExpressionAttributeValues: Item }): Promise<readonly Item[]> {
    const items: Item[] = [];
    let start: Item | undefined;
    do {
      const command: QueryCommand = new QueryCommand({
        TableName: this.#options.table,
        KeyConditionExpression: 'kind = :kind',
        ...condition,
        ...(start === undefined ? {} : { ExclusiveStartKey: start }),
      });
      const { Items = [], LastEvaluatedKey } = await translated('registry_unavailable', () =>
        this.#client.send(command),
      );
      items.push(...Items);
      start = LastEvaluatedKey;
    } while (start !== undefined);
    return items;
  }

  #conditional(key: Item, write: () => Promise<unknown>): Promise<ConditionalOutcome> {
    return conditionalWrite('registry_unavailable', write, () => this.#read(key));
  }

  async #read(key: Item): Promise<Item | undefined> {
    const command = new GetItemCommand({ TableName: this.#options.table, Key: key, ConsistentRead: true });
    const { Item: item } = await translated('registry_unavailable', () => this.#client.send(command));
    return rowOf(key, item);
  }
}

const keyOf = (kind: string, name: string): Item => ({ kind: S(kind), name: S(name) });

/** Undefined for a malformed document. */
function parseDocument(item: Item): unknown {
  try {
    return JSON.parse(item.document?.S ?? '');
  } catch {
    // Recovery: one malformed row must not hide all others.
    return undefined;
  }
}
