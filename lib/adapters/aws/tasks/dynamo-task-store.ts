import { randomUUID } from 'node:crypto';
import { type DynamoDBClient, GetItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import {
  type BatchStore,
  type CancelMarks,
  type Clock,
  type DeadLetterQuery,
  type EventOutcome,
  ModelyardError,
  type PlaceStore,
  type Task,
  type TaskEvent,
  type TaskHead,
  type TaskPage,
  type TaskQuery,
  type TaskStore,
} from '#core';
import { assertFits, type Item, N, readNumber, rowOf, S } from '../attributes.ts';
import { type ConditionalOutcome, conditionalWrite, translated } from '../errors.ts';

import { CREATED_KEY, OWNER_SHARD, TASKS_TABLE } from '../resources.ts';
import { lateBatches, lateCancelMarks, latePlaces } from './late-parts.ts';
import { ownerKey } from './owner-window.ts';
import { fromItem, toItem } from './task-item.ts';

export interface DynamoTableOptions {
  readonly client: DynamoDBClient;
  readonly table: string;
  readonly clock: Clock;
}

export interface DynamoTaskStoreOptions extends DynamoTableOptions {
  /** Without lists, a task costs one write less, and `list` rejects. @default true */
  readonly keepsLists?: boolean;
}

/** Imported dynamically: the function that submits tasks rarely uses it and starts faster without it. */
const listing = () => import('./task-listing.ts');
const updates = () => import('./task-updates.ts');

/** Maximum number of retries when a row is withdrawn and created again between an update and a read. */
const MAX_RACES = 5;

/** Stores tasks as rows. One put creates a task, one update applies an event, one read gets a task. */
export class DynamoTaskStore implements TaskStore {
  readonly batches: BatchStore;
  readonly cancels: CancelMarks;
  readonly places: PlaceStore;
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #clock: Clock;
  readonly #keepsLists: boolean;

  constructor({ client, table, clock, keepsLists = true }: DynamoTaskStoreOptions) {
    this.batches = lateBatches({ client, table, clock, keepsLists });
    this.cancels = lateCancelMarks({ client, table, clock });
    this.places = latePlaces({ client, table, clock });
    this.#client = client;
    this.#table = table;
    this.#clock = clock;
    this.#keepsLists = keepsLists;
  }

  async create(task: Task): Promise<Task | undefined> {
    // Distinguishes our own row from another one when the SDK repeats a put whose response was lost.
    const creation = randomUUID();
    const item: Item = {
      ...toItem(task),
      ...(this.#keepsLists ? ownerKey(task) : {}),
      [TASKS_TABLE.ttlAttribute]: N(Math.ceil(task.retainedUntil / 1000)),
      creation: S(creation),
    };
    assertFits(item);
    for (let race = 0; race < MAX_RACES; race++) {
      const existing = await this.#putUnlessKept(item);
      if (existing === undefined || existing.creation?.S === creation) return undefined;
      if (this.#isKept(existing)) return fromItem(existing);
    }
    throw contended();
  }

  async get(id: string): Promise<Task | undefined> {
    return this.#kept(await this.#read(id));
  }

  async heads(ids: readonly string[]): Promise<readonly (TaskHead | undefined)[]> {
    const { readHeads } = await import('./task-heads.ts');
    return readHeads({ client: this.#client, table: this.#table, isKept: (item) => this.#isKept(item) }, ids);
  }

  /** Costs half of `get`. */
  async peek(id: string): Promise<Task | undefined> {
    return this.#kept(await this.#read(id, { consistent: false }));
  }

  async apply(id: string, event: TaskEvent): Promise<EventOutcome> {
    const { updateFor, outcomeFor } = await updates();
    // Distinguishes our own update from another one when the SDK repeats an update whose response was lost.
    const write = randomUUID();
    for (let race = 0; race < MAX_RACES; race++) {
      const { update, changes } = updateFor(event, this.#clock.now(), write);
      assertFits(changes);
      const refused = await this.#conditional(id, () =>
        this.#client.send(
          new UpdateItemCommand({
            TableName: this.#table,
            Key: { id: S(id) },
            ...update,
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          }),
        ),
      );
      if (refused === 'done' || refused.item?.lastWrite?.S === write) return 'applied';
      if (!refused.item || !this.#isKept(refused.item)) return 'missing';
      const outcome = outcomeFor(refused.item, event);
      if (outcome !== 'applied') return outcome;
    }
    throw contended();
  }

  async withdraw({ id, createdAt, requestHash }: Task): Promise<void> {
    await this.#conditional(id, () =>
      this.#client.send(
        new UpdateItemCommand({
          TableName: this.#table,
          Key: { id: S(id) },
          // Without its index keys, the row is in no list.
          UpdateExpression: `SET withdrawnAt = :now REMOVE ${OWNER_SHARD.name}, ${CREATED_KEY.name}`,
          ConditionExpression:
            'createdAt = :createdAt AND requestHash = :hash AND #state = :queued AND attempts = :none ' +
            'AND attribute_not_exists(copies)',
          ExpressionAttributeNames: { '#state': 'state' },
          ExpressionAttributeValues: {
            ':now': N(this.#clock.now()),
            ':createdAt': N(createdAt),
            ':hash': S(requestHash),
            ':queued': S('queued'),
            ':none': N(0),
          },
        }),
      ),
    );
  }

  async erase({ id }: Task): Promise<void> {
    const { eraseTask } = await listing();
    await eraseTask({ client: this.#client, table: this.#table }, id);
  }

  async list(query: TaskQuery): Promise<TaskPage> {
    if (!this.#keepsLists) throw new ModelyardError('route_not_found', 'This platform keeps no lists of tasks.');
    const { listTasks } = await listing();
    return listTasks({ client: this.#client, table: this.#table, get: (id) => this.get(id) }, query);
  }

  async listDeadLetters(query: DeadLetterQuery): Promise<TaskPage> {
    const { listDeadLetters } = await listing();
    return listDeadLetters({ client: this.#client, table: this.#table, get: (id) => this.get(id) }, query);
  }

  async countDeadLetters(model: string): Promise<number> {
    const { countDeadLetters } = await listing();
    return countDeadLetters({ client: this.#client, table: this.#table }, model);
  }

  /** Returns the existing row, or undefined if the put succeeded. */
  async #putUnlessKept(item: Item): Promise<Item | undefined> {
    const id = item.id?.S ?? '';
    const refused = await this.#conditional(id, () =>
      this.#client.send(
        new PutItemCommand({
          TableName: this.#table,
          Item: item,
          ConditionExpression: 'attribute_not_exists(id) OR attribute_exists(withdrawnAt) OR retainedUntil <= :now',
          ExpressionAttributeValues: { ':now': N(this.#clock.now()) },
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      ),
    );
    if (refused === 'done') return undefined;
    // The existing row has been deleted. An empty row is not kept, so the caller retries.
    return refused.item ?? {};
  }

  async #conditional(id: string, write: () => Promise<unknown>): Promise<ConditionalOutcome> {
    const outcome = await conditionalWrite('store_unavailable', write, () => this.#read(id));
    return outcome === 'done' ? outcome : { item: rowOf({ id: S(id) }, outcome.item) };
  }

  async #read(id: string, { consistent } = { consistent: true }): Promise<Item | undefined> {
    const key = { id: S(id) };
    const command = new GetItemCommand({ TableName: this.#table, Key: key, ConsistentRead: consistent });
    return rowOf(key, (await translated('store_unavailable', () => this.#client.send(command))).Item);
  }

  #kept(item: Item | undefined): Task | undefined {
    return item && this.#isKept(item) ? fromItem(item) : undefined;
  }

  /** TTL deletion may lag by days, so readers compare. */
  #isKept(item: Item): boolean {
    if (item.id === undefined || item.withdrawnAt !== undefined) return false;
    return readNumber(item, 'retainedUntil') > this.#clock.now();
  }
}

const contended = () =>
  new ModelyardError('store_unavailable', 'The task kept changing while it was written.', {
    retryable: true,
    retryAfterSeconds: 1,
  });
