import {
  type BatchStore,
  type CancelMarks,
  type Clock,
  type DeadLetterQuery,
  type EventOutcome,
  isTerminal,
  MAX_DEAD_LETTERS_COUNTED,
  type PlaceStore,
  type Task,
  type TaskEvent,
  type TaskHead,
  type TaskPage,
  type TaskQuery,
  type TaskStore,
} from '#core';
import { mayBeDone, translated } from '../errors.ts';
import { queuesOf } from '../queue/rabbit-topology.ts';
import { flowFields, turnsKey } from '../queue/turns.ts';
import { fieldsOf, readKey, replyAbout } from '../read-key.ts';
import type { RedisLink } from '../redis-link.ts';
import { EndedTasks } from './ended-tasks.ts';
import { type CheckResult, InDoubtTasks } from './in-doubt-tasks.ts';
import { redisBatches } from './redis-batches.ts';
import { redisCancelMarks } from './redis-cancel-marks.ts';
import { redisPlaces } from './redis-places.ts';
import { TaskCreation } from './task-creation.ts';
import { type ListingDeps, listDeadLetters, listTasks } from './task-listing.ts';
import { type StoredFields, toTask } from './task-record.ts';
import { applyArguments } from './task-scripts.ts';

export interface RedisStoreOptions {
  readonly link: RedisLink;
  /** Prefix of all keys, without the colon. */
  readonly prefix: string;
  readonly clock: Clock;
}

/**
 * Stores tasks as hashes that expire, and a sorted set per owner. Every change is one script, which also publishes the
 * end of a task.
 */
export class RedisTaskStore implements TaskStore {
  readonly keepsRequests = true;
  readonly batches: BatchStore;
  readonly cancels: CancelMarks;
  readonly places: PlaceStore;
  readonly #link: RedisLink;
  readonly #prefix: string;
  readonly #clock: Clock;
  readonly #ended: EndedTasks;
  readonly #inDoubt: InDoubtTasks;
  readonly #creation: TaskCreation;

  constructor({ link, prefix, clock }: RedisStoreOptions) {
    this.batches = redisBatches({ link, prefix, clock });
    this.cancels = redisCancelMarks({ link, prefix });
    this.places = redisPlaces({ link, prefix });
    this.#link = link;
    this.#prefix = prefix;
    this.#clock = clock;
    this.#creation = new TaskCreation({
      ...{ link, clock },
      taskKey: (id) => this.#taskKey(id),
      ownerKey: (owner) => this.#ownerKey(owner),
    });
    this.#ended = new EndedTasks(link, this.#channel);
    this.#inDoubt = new InDoubtTasks({ clock, remove: (task) => this.#withdraw(task) });
  }

  async create(task: Task): Promise<Task | undefined> {
    this.#ended.expect(task);
    try {
      if (this.#inDoubt.has(task.id)) await this.#inDoubt.settle(task.id);
      const existing = this.#toTask(task.id, await this.#creation.create(task));
      if (existing) this.#ended.notStored(task);
      else this.#ended.stored(task);
      return existing;
    } catch (error) {
      this.#ended.notStored(task);
      if (mayBeDone(error)) this.#inDoubt.add(task);
      throw error;
    }
  }

  get(id: string): Promise<Task | undefined> {
    return translated('store_unavailable', async () => (await this.#readMany([id]))[0]);
  }

  heads(ids: readonly string[]): Promise<readonly (TaskHead | undefined)[]> {
    const fields = ['id', 'state', 'deadlineAt', 'retainedUntil'];
    return translated('store_unavailable', async () => {
      const now = this.#clock.now();
      const replies = await Promise.all(ids.map((id) => readKey(this.#link, this.#taskKey(id), ['HMGET', ...fields])));
      return replies.map((reply) => {
        const [id, state, deadlineAt, retainedUntil] = (reply as readonly (Buffer | null)[]).map((each) =>
          each?.toString(),
        );
        if (id === undefined || Number(retainedUntil) <= now) return undefined;
        return { id, state: state as Task['state'], deadlineAt: Number(deadlineAt) };
      });
    });
  }

  apply(id: string, event: TaskEvent): Promise<EventOutcome> {
    return translated('store_unavailable', async () => {
      const keys = [this.#taskKey(id), this.#channel];
      const call = { keys, arguments: applyArguments(id, event, this.#deadLettersKey('')) };
      const reply = await (await this.#link.bytes()).applyEvent(call);
      return String(replyAbout(this.#link, this.#taskKey(id), reply)) as EventOutcome;
    });
  }

  async withdraw(task: Task): Promise<void> {
    // Another task may reuse the id; its notifications do not belong to this task.
    this.#ended.notStored(task);
    try {
      await this.#withdraw(task);
    } catch (error) {
      this.#inDoubt.add(task);
      throw error;
    }
  }

  #withdraw({ id, owner, createdAt, requestHash }: Task): Promise<CheckResult> {
    return translated('store_unavailable', async () => {
      const keys = [this.#taskKey(id), this.#ownerKey(owner), this.#channel];
      const call = { keys, arguments: [id, String(createdAt), requestHash] };
      const reply = await (await this.#link.bytes()).withdrawTask(call);
      return String(replyAbout(this.#link, this.#taskKey(id), reply)) as CheckResult;
    });
  }

  async erase({ id, owner, model }: Task): Promise<void> {
    await translated('store_unavailable', async () => {
      const client = await this.#link.text();
      await Promise.all([
        client.del(this.#taskKey(id)),
        client.zRem(this.#ownerKey(owner), id),
        client.zRem(this.#deadLettersKey(model), id),
        // They name the owner.
        client.hDel(turnsKey(this.#prefix, queuesOf(this.#prefix, model).tasks), flowFields(owner)),
        client.publish(this.#channel, id),
      ]);
    });
  }

  list(query: TaskQuery): Promise<TaskPage> {
    const { owner } = query;
    return translated('store_unavailable', () => listTasks(this.#members(this.#ownerKey(owner), owner), query));
  }

  listDeadLetters(query: DeadLetterQuery): Promise<TaskPage> {
    return translated('store_unavailable', () =>
      listDeadLetters(this.#members(this.#deadLettersKey(query.model)), query),
    );
  }

  countDeadLetters(model: string): Promise<number> {
    return translated('store_unavailable', async () => {
      const key = this.#deadLettersKey(model);
      const now = this.#clock.now();
      const client = await this.#link.text();
      const [, kept] = await Promise.all([
        client.zRemRangeByScore(key, '-inf', now),
        readKey(this.#link, key, ['ZCOUNT', `(${now}`, '+inf']),
      ]);
      return Math.min(Number(kept), MAX_DEAD_LETTERS_COUNTED);
    });
  }

  untilEnded(id: string, signal: AbortSignal): Promise<Task | undefined> {
    return this.#ended.untilEnded(id, signal, () =>
      translated('store_unavailable', async () => {
        const state = await readKey(this.#link, this.#taskKey(id), ['HGET', 'state']);
        return state === null || isTerminal(String(state) as Task['state']);
      }),
    );
  }

  /** Resolves when Redis responds. Rejects with `store_unavailable`. */
  async check(): Promise<void> {
    await translated('store_unavailable', async () => (await this.#link.text()).ping());
  }

  /** Resolves all waits. */
  close(): void {
    this.#inDoubt.close();
    this.#ended.close();
  }

  get #channel(): string {
    return `${this.#prefix}:ended`;
  }

  #taskKey(id: string): string {
    return `${this.#prefix}:task:${id}`;
  }

  #ownerKey(owner: string): string {
    return `${this.#prefix}:owner:${owner}`;
  }

  /** Tasks that were given up, by expiry. */
  #deadLettersKey(model: string): string {
    return `${this.#prefix}:dead-letters:${model}`;
  }

  /** The tasks of a sorted set, highest score first. All are of this owner, if one is given. */
  #members(key: string, owner?: string): ListingDeps {
    const link = this.#link;
    return {
      async positions(from, offset, count) {
        const limits = ['BYSCORE', 'REV', 'LIMIT', String(offset), String(count), 'WITHSCORES'];
        const scores = fieldsOf(await readKey(link, key, ['ZRANGE', String(from), '-inf', ...limits]));
        return [...scores].map(([value, score]) => ({ value, score: Number(score.toString()) }));
      },
      readMany: (ids) => this.#readMany(ids, owner),
      forget: async (ids) => (await link.text()).zRem(key, [...ids]),
    };
  }

  /** One round trip: all commands are sent together. */
  async #readMany(ids: readonly string[], owner?: string): Promise<(Task | undefined)[]> {
    const now = this.#clock.now();
    const replies = await Promise.all(ids.map((id) => readKey(this.#link, this.#taskKey(id), ['HGETALL'])));
    return replies.map((reply, index) => {
      const task = this.#toTask(ids[index] ?? '', fieldsOf(reply));
      if (task && owner !== undefined) this.#link.expectReplyAbout(owner, task.owner);
      return task && task.retainedUntil > now ? task : undefined;
    });
  }

  #toTask(id: string, fields: StoredFields): Task | undefined {
    if (fields.size === 0) return undefined;
    const task = toTask(fields);
    this.#link.expectReplyAbout(id, task.id);
    return task;
  }
}
