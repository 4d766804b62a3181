import {
  type Clock,
  type EventOutcome,
  isTerminal,
  MAX_DEAD_LETTERS_COUNTED,
  MAX_DEADLINE_SECONDS,
  RETENTION_SECONDS,
  type Task,
  type TaskEvent,
  type TaskPage,
  type TaskQuery,
  type TaskStore,
} from '#core';
import { mayBeDone, translated } from '../errors.ts';
import type { RedisLink } from '../redis-link.ts';
import { EndedTasks } from './ended-tasks.ts';
import { type Finding, InDoubtTasks } from './in-doubt-tasks.ts';
import { listTasks } from './task-listing.ts';
import { type StoredFields, toFields, toTask } from './task-record.ts';
import { applyArguments } from './task-scripts.ts';

export interface RedisStoreOptions {
  readonly link: RedisLink;
  /** What every key begins with, up to a colon. */
  readonly prefix: string;
  readonly clock: Clock;
}

/** Nothing is kept longer than this after it was created. */
const LONGEST_KEPT_MS = (MAX_DEADLINE_SECONDS + RETENTION_SECONDS) * 1000;

/**
 * Tasks as hashes that Redis deletes when they need not be kept any longer, and a sorted set per owner. Every
 * change is one script, which also tells those who wait that a task has ended.
 */
export class RedisTaskStore implements TaskStore {
  readonly #link: RedisLink;
  readonly #prefix: string;
  readonly #clock: Clock;
  readonly #ended: EndedTasks;
  readonly #inDoubt: InDoubtTasks;

  constructor({ link, prefix, clock }: RedisStoreOptions) {
    this.#link = link;
    this.#prefix = prefix;
    this.#clock = clock;
    this.#ended = new EndedTasks(link, this.#channel);
    this.#inDoubt = new InDoubtTasks({ clock, remove: (task) => this.#withdraw(task) });
  }

  async create(task: Task): Promise<Task | undefined> {
    this.#ended.expect(task);
    try {
      if (this.#inDoubt.has(task.id)) await this.#inDoubt.settle(task.id);
      const existing = await this.#create(task);
      if (existing) this.#ended.notKept(task);
      else this.#ended.kept(task);
      return existing;
    } catch (error) {
      this.#ended.notKept(task);
      if (mayBeDone(error)) this.#inDoubt.add(task);
      throw error;
    }
  }

  #create(task: Task): Promise<Task | undefined> {
    return translated('store_unavailable', async () => {
      const reply = await (await this.#link.bytes()).createTask({
        keys: [this.#taskKey(task.id), this.#ownerKey(task.owner)],
        arguments: [
          String(task.retainedUntil),
          String(task.createdAt),
          task.id,
          String(this.#clock.now() - LONGEST_KEPT_MS),
          ...toFields(task),
        ],
      });
      return Array.isArray(reply) ? toTask(pairs(reply)) : undefined;
    });
  }

  get(id: string): Promise<Task | undefined> {
    return translated('store_unavailable', async () => (await this.#readMany([id]))[0]);
  }

  apply(id: string, event: TaskEvent): Promise<EventOutcome> {
    return translated('store_unavailable', async () => {
      const keys = [this.#taskKey(id), this.#channel];
      const call = { keys, arguments: applyArguments(id, event, this.#deadLettersKey('')) };
      return String(await (await this.#link.bytes()).applyEvent(call)) as EventOutcome;
    });
  }

  async withdraw(task: Task): Promise<void> {
    try {
      await this.#withdraw(task);
    } catch (error) {
      this.#inDoubt.add(task);
      throw error;
    }
  }

  #withdraw({ id, owner, createdAt, requestHash }: Task): Promise<Finding> {
    return translated('store_unavailable', async () => {
      const keys = [this.#taskKey(id), this.#ownerKey(owner), this.#channel];
      const call = { keys, arguments: [id, String(createdAt), requestHash] };
      return String(await (await this.#link.bytes()).withdrawTask(call)) as Finding;
    });
  }

  list(query: TaskQuery): Promise<TaskPage> {
    return translated('store_unavailable', async () => {
      const client = await this.#link.text();
      const key = this.#ownerKey(query.owner);
      return listTasks(
        {
          positions: (from, offset, count) =>
            client.zRangeWithScores(key, from, '-inf', { BY: 'SCORE', REV: true, LIMIT: { offset, count } }),
          readMany: (ids) => this.#readMany(ids),
          forget: (ids) => client.zRem(key, [...ids]),
        },
        query,
      );
    });
  }

  countDeadLetters(model: string): Promise<number> {
    return translated('store_unavailable', async () => {
      const client = await this.#link.text();
      const key = this.#deadLettersKey(model);
      const [, kept] = await Promise.all([
        client.zRemRangeByScore(key, '-inf', this.#clock.now()),
        client.zCount(key, `(${this.#clock.now()}`, '+inf'),
      ]);
      return Math.min(kept, MAX_DEAD_LETTERS_COUNTED);
    });
  }

  untilEnded(id: string, signal: AbortSignal): Promise<Task | undefined> {
    return this.#ended.untilEnded(id, signal, () =>
      translated('store_unavailable', async () => {
        const state = await (await this.#link.text()).hGet(this.#taskKey(id), 'state');
        return state === null || isTerminal(state as Task['state']);
      }),
    );
  }

  /** Resolves when Redis answers. Rejects with `store_unavailable`. */
  check(): Promise<void> {
    return translated('store_unavailable', async () => {
      await (await this.#link.text()).ping();
    });
  }

  /** Wakes everybody who waits. */
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

  /** Of those given up, by when they need not be kept any longer. */
  #deadLettersKey(model: string): string {
    return `${this.#prefix}:dead-letters:${model}`;
  }

  /** Reads sent together are one round trip. */
  async #readMany(ids: readonly string[]): Promise<(Task | undefined)[]> {
    const client = await this.#link.bytes();
    const now = this.#clock.now();
    const replies = await Promise.all(ids.map((id) => client.hGetAll(this.#taskKey(id))));
    return replies.map((reply) => {
      const fields: StoredFields = new Map(Object.entries(reply));
      const task = fields.size === 0 ? undefined : toTask(fields);
      return task && task.retainedUntil > now ? task : undefined;
    });
  }
}

/** A hash as scripts give it: names and values in turn. */
function pairs(reply: readonly unknown[]): StoredFields {
  const fields = new Map<string, Buffer>();
  for (let i = 0; i + 1 < reply.length; i += 2) fields.set(String(reply[i]), reply[i + 1] as Buffer);
  return fields;
}
