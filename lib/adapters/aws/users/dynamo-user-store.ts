import { randomUUID } from 'node:crypto';
import { type DynamoDBClient, GetItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { findUserById, type NewUser, nameKeyOf, nameKeyOfId, newUserId, type User, type UserStore } from '#core';
import { type Item, N, rowOf, S } from '../attributes.ts';
import { type ConditionalOutcome, conditionalWrite, translated } from '../errors.ts';

import { USERS_TABLE } from '../resources.ts';
import { fromUserItem, toMutableUserItem, toUserItem } from './user-item.ts';

interface DynamoUserStoreOptions {
  readonly client: DynamoDBClient;
  readonly table: string;
}

/** Users in DynamoDB: one put to register, one read by name or id. */
export class DynamoUserStore implements UserStore {
  readonly #client: DynamoDBClient;
  readonly #table: string;

  constructor({ client, table }: DynamoUserStoreOptions) {
    this.#client = client;
    this.#table = table;
  }

  async create(user: NewUser): Promise<User | undefined> {
    const kept: User = { ...user, id: newUserId(user.name), version: 1 };
    const key = keyOf(nameKeyOf(user.name));
    const refused = await this.#conditional(key, () =>
      this.#client.send(
        new PutItemCommand({
          TableName: this.#table,
          Item: { ...key, ...toUserItem(kept) },
          ConditionExpression: `attribute_not_exists(${USERS_TABLE.partitionKey.name})`,
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      ),
    );
    // Ids are unique, so a row with this id is our own: the SDK repeated a put whose response was lost.
    return refused === 'done' || refused.item?.id?.S === kept.id ? kept : undefined;
  }

  get(id: string): Promise<User | undefined> {
    return findUserById(id, (nameKey) => this.#read(nameKey));
  }

  findByName(name: string): Promise<User | undefined> {
    return this.#read(nameKeyOf(name));
  }

  async update(user: User): Promise<boolean> {
    const nameKey = nameKeyOfId(user.id);
    if (nameKey === undefined) return false;
    const key = keyOf(nameKey);
    // Distinguishes our own update, repeated by the SDK after a lost response, from a concurrent one.
    const write = randomUUID();
    const { role, passwordHash, version } = toMutableUserItem(user);
    const refused = await this.#conditional(key, () =>
      this.#client.send(
        new UpdateItemCommand({
          TableName: this.#table,
          Key: key,
          UpdateExpression: 'SET #role = :role, passwordHash = :passwordHash, version = :version, lastWrite = :write',
          ConditionExpression: 'id = :id AND version = :previous',
          ExpressionAttributeNames: { '#role': 'role' },
          ExpressionAttributeValues: {
            ...{ ':role': role, ':passwordHash': passwordHash, ':version': version, ':write': S(write) },
            ...{ ':id': S(user.id), ':previous': N(user.version - 1) },
          },
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      ),
    );
    return refused === 'done' || refused.item?.lastWrite?.S === write;
  }

  async #read(nameKey: string): Promise<User | undefined> {
    const item = await this.#readItem(keyOf(nameKey));
    return item && fromUserItem(item);
  }

  #conditional(key: Item, write: () => Promise<unknown>): Promise<ConditionalOutcome> {
    return conditionalWrite('store_unavailable', write, () => this.#readItem(key));
  }

  async #readItem(key: Item): Promise<Item | undefined> {
    const command = new GetItemCommand({ TableName: this.#table, Key: key, ConsistentRead: true });
    const { Item: item } = await translated('store_unavailable', () => this.#client.send(command));
    return rowOf(key, item);
  }
}

const keyOf = (nameKey: string): Item => ({ [USERS_TABLE.partitionKey.name]: S(nameKey) });
