import { randomUUID } from 'node:crypto';
import {
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import {
  findUserById,
  type NewUser,
  nameKeyOf,
  nameKeyOfId,
  newUserId,
  type User,
  type UserPage,
  type UserQuery,
  type UserStore,
  userCursor,
} from '#core';
import { type Item, N, rowOf, S } from '../attributes.ts';
import { type ConditionalOutcome, conditionalWrite, translated } from '../errors.ts';

import { USERS_TABLE } from '../resources.ts';
import { fromUserItem, toMutableUserItem, toUserItem } from './user-item.ts';

interface DynamoUserStoreOptions {
  readonly client: DynamoDBClient;
  readonly table: string;
}

/** Stores users in DynamoDB. A registration is one put; a lookup by name or id is one read. */
export class DynamoUserStore implements UserStore {
  readonly #client: DynamoDBClient;
  readonly #table: string;

  constructor({ client, table }: DynamoUserStoreOptions) {
    this.#client = client;
    this.#table = table;
  }

  async create(user: NewUser): Promise<User | undefined> {
    const kept: User = { ...user, id: newUserId(user.name), version: 1 };
    return (await this.restore(kept)) ? kept : undefined;
  }

  async restore(kept: User): Promise<boolean> {
    const key = keyOf(nameKeyOf(kept.name));
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
    // A row with this id is our own: the SDK repeated a put whose response was lost.
    return refused === 'done' || refused.item?.id?.S === kept.id;
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
    const { role, passwordHash, version, account } = toMutableUserItem(user);
    const refused = await this.#conditional(key, () =>
      this.#client.send(
        new UpdateItemCommand({
          TableName: this.#table,
          Key: key,
          UpdateExpression:
            'SET #role = :role, passwordHash = :passwordHash, version = :version, account = :account, lastWrite = :write',
          ConditionExpression: 'id = :id AND version = :previous',
          ExpressionAttributeNames: { '#role': 'role' },
          ExpressionAttributeValues: {
            ...{ ':role': role, ':passwordHash': passwordHash, ':version': version, ':write': S(write) },
            ':account': account,
            ...{ ':id': S(user.id), ':previous': N(user.version - 1) },
          },
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      ),
    );
    return refused === 'done' || refused.item?.lastWrite?.S === write;
  }

  async delete(id: string): Promise<boolean> {
    const user = await this.get(id);
    if (!user) return false;
    const key = keyOf(nameKeyOf(user.name));
    const outcome = await this.#conditional(key, () =>
      this.#client.send(
        new DeleteItemCommand({
          TableName: this.#table,
          Key: key,
          ConditionExpression: 'id = :id',
          ExpressionAttributeValues: { ':id': S(id) },
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      ),
    );
    // A repeat of the SDK after a lost response finds nothing.
    return outcome === 'done' || outcome.item === undefined;
  }

  /** Reads the whole table, page by page. */
  async list({ limit, cursor }: UserQuery): Promise<UserPage> {
    const after = userCursor(cursor);
    const command = new ScanCommand({
      TableName: this.#table,
      Limit: limit,
      ConsistentRead: true,
      ...(after === '' ? {} : { ExclusiveStartKey: keyOf(after) }),
    });
    const { Items = [], LastEvaluatedKey: last } = await translated('store_unavailable', () =>
      this.#client.send(command),
    );
    const next = last?.[USERS_TABLE.partitionKey.name]?.S;
    return { users: Items.map(fromUserItem), ...(next === undefined ? {} : { nextCursor: next }) };
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
