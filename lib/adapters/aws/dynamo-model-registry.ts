import { randomUUID } from 'node:crypto';
import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { type Instance, type Model, type ModelRegistry, ModelyardError, type RegistrySnapshot } from '#core';
import { type Item, N, readString, S } from './attributes.ts';
import type { DynamoTableOptions } from './dynamo-task-store.ts';
import { translated } from './errors.ts';
import { REGISTRY_TABLE } from './resources.ts';

/** All models are one partition and all instances another, so that everything is read by two queries. */
const MODELS = 'model';
const INSTANCES = 'instance';

/** Models and instances as JSON documents in rows of DynamoDB. */
export class DynamoModelRegistry implements ModelRegistry {
  readonly #client: DynamoDBClient;
  readonly #options: DynamoTableOptions;

  constructor(options: DynamoTableOptions) {
    this.#client = options.client;
    this.#options = options;
  }

  async readModel(name: string): Promise<Model | undefined> {
    const item = await this.#read(keyOf(MODELS, name));
    return item && document<Model>(item);
  }

  async writeModel(model: Model): Promise<boolean> {
    const key = keyOf(MODELS, model.name);
    // Tells our own row from a faster writer's when the SDK repeats a put whose answer was lost.
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
        [REGISTRY_TABLE.ttlAttribute]: N(Math.ceil(instance.expiresAt / 1000)),
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
          // Expired at once; TTL deletes the row some time later.
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
        FilterExpression: 'expiresAt > :now',
        ExpressionAttributeValues: { ':kind': S(INSTANCES), ':now': N(this.#options.clock.now()) },
      }),
    ]);
    return {
      models: models.map((item) => document<Model>(item)),
      instances: instances.map((item) => document<Instance>(item)),
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

  async #conditional(key: Item, write: () => Promise<unknown>): Promise<'done' | { readonly item: Item | undefined }> {
    try {
      await translated('registry_unavailable', write);
      return 'done';
    } catch (error) {
      const cause = error instanceof ModelyardError ? error.cause : undefined;
      if (!(cause instanceof ConditionalCheckFailedException)) throw error;
      return { item: cause.Item ?? (await this.#read(key)) };
    }
  }

  async #read(key: Item): Promise<Item | undefined> {
    const command = new GetItemCommand({ TableName: this.#options.table, Key: key, ConsistentRead: true });
    return (await translated('registry_unavailable', () => this.#client.send(command))).Item;
  }
}

const keyOf = (kind: string, name: string): Item => ({ kind: S(kind), name: S(name) });

/** Only this file writes these rows, so what is in them is what was put there. */
const document = <T>(item: Item): T => JSON.parse(readString(item, 'document'));
