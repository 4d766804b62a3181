import { type Clock, inBatches, MAX_DEADLINE_SECONDS, RETENTION_SECONDS, type Task } from '#core';
import { translated } from '../errors.ts';
import { fieldsOf, replyAbout } from '../read-key.ts';
import type { RedisLink } from '../redis-link.ts';
import { type StoredFields, toFields } from './task-record.ts';

interface CreationOptions {
  readonly link: RedisLink;
  readonly clock: Clock;
  readonly taskKey: (id: string) => string;
  readonly ownerKey: (owner: string) => string;
}

interface Ask {
  readonly task: Task;
  readonly resolve: (existing: StoredFields) => void;
  readonly reject: (error: unknown) => void;
}

/** Maximum lifetime of a stored task. */
const LONGEST_KEPT_MS = (MAX_DEADLINE_SECONDS + RETENTION_SECONDS) * 1000;
/** Tasks of one call: scripts stop all others in Redis. */
const MAX_CREATED = 100;

/** Creates the tasks of one turn of the event loop in one call, for example those of a batch. */
export class TaskCreation {
  readonly #options: CreationOptions;
  #asked: Ask[] = [];

  constructor(options: CreationOptions) {
    this.#options = options;
  }

  /** Resolves with the fields of the existing task of this id: none if there was no such task. */
  create(task: Task): Promise<StoredFields> {
    const { promise, resolve, reject } = Promise.withResolvers<StoredFields>();
    if (this.#asked.length === 0) setImmediate(() => this.#createAll());
    this.#asked.push({ task, resolve, reject });
    return promise;
  }

  #createAll(): void {
    const asked = this.#asked;
    this.#asked = [];
    for (const some of inBatches(asked, MAX_CREATED)) void this.#settle(some);
  }

  async #settle(asked: readonly Ask[]): Promise<void> {
    try {
      const replies = await translated('store_unavailable', () => this.#call(asked.map(({ task }) => task)));
      for (const [at, { resolve }] of asked.entries()) resolve(replies[at] ?? new Map());
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
  }

  async #call(tasks: readonly Task[]): Promise<readonly StoredFields[]> {
    const { link, clock, taskKey, ownerKey } = this.#options;
    const keys = tasks.flatMap(({ id, owner }) => [taskKey(id), ownerKey(owner)]);
    const values = tasks.flatMap((task) => {
      const fields = toFields(task);
      return [task.id, String(task.createdAt), String(task.retainedUntil), String(fields.length), ...fields];
    });
    const call = { keys, arguments: [String(clock.now() - LONGEST_KEPT_MS), ...values] };
    const replies = replyAbout(link, keys[0] ?? '', await (await link.bytes()).createTasks(call));
    if (!Array.isArray(replies) || replies.length !== tasks.length) {
      throw new Error(`Redis did not reply for ${tasks.length} tasks.`);
    }
    return tasks.map(({ id }, at) => {
      const existing = fieldsOf(replies[at]);
      if (existing.size > 0) link.expectReplyAbout(id, existing.get('id')?.toString());
      return existing;
    });
  }
}
