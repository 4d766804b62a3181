import { setTimeout as sleep } from 'node:timers/promises';
import type { Task } from '#core';
import { dropOldest } from '#core';
import type { RedisLink } from '../redis-link.ts';
import { idOfNotice, readNotice } from './task-record.ts';

/** Polling interval while the subscription is down. */
const DOWN_POLL_MS = 250;
/** Maximum number of tracked tasks that have no waiter. The ends of older ones are read from the store. */
const MAX_EXPECTED = 10_000;

interface Expected {
  /** Without its request, which may be large. */
  readonly created: Task;
  /** Redis has created the task: the notifications since belong to it, and none is missing. */
  isStored: boolean;
  /** The notification of its end, once received. */
  notice?: string;
}

/** Receives the ids of ended tasks by pub/sub. Subscribes when the first waiter arrives. */
export class EndedTasks {
  readonly #link: RedisLink;
  readonly #channel: string;
  readonly #waiters = new Map<string, Set<(notice?: string) => void>>();
  /** Tasks that were created while the subscription was active, by id. */
  readonly #expected = new Map<string, Expected>();
  #subscription: RedisLink | undefined;
  #isUp = false;

  constructor(link: RedisLink, channel: string) {
    this.#link = link;
    this.#channel = channel;
  }

  /**
   * Call before a task is created, and `stored` or `notStored` afterwards. The end of the task is then received even if
   * the waiter arrives later, and no read is needed.
   */
  expect({ envelope: _, ...created }: Task): void {
    // A repeated submit must not replace the entry of the first submit.
    if (!this.#isUp || this.#expected.has(created.id)) return;
    this.#expected.set(created.id, { created, isStored: false });
    dropOldest(this.#expected, MAX_EXPECTED);
  }

  stored(created: Task): void {
    const expected = this.#expected.get(created.id);
    if (expected && isSame(expected.created, created)) expected.isStored = true;
    // The notification belongs to an earlier task of this id, or the entry to a task that was not created.
    else this.#expected.delete(created.id);
  }

  /** Call for a task that was not created or existed already. */
  notStored(created: Task): void {
    const expected = this.#expected.get(created.id);
    if (expected && isSame(expected.created, created)) this.#expected.delete(created.id);
  }

  /**
   * Resolves when the end of the task is notified, when a notification may be lost, or when the signal aborts. Resolves
   * with the task if it was tracked and the notification has its success. `hasEnded` is read after subscribing, because
   * the task may have ended before.
   */
  async untilEnded(id: string, signal: AbortSignal, hasEnded: () => Promise<boolean>): Promise<Task | undefined> {
    if (signal.aborted) return undefined;
    const expected = this.#take(id);
    if (expected?.notice !== undefined) return readNotice(expected.created, expected.notice);
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    const waiters = this.#waiters.get(id) ?? new Set();
    this.#waiters.set(id, waiters.add(resolve));
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
    try {
      if (!(await this.#subscribed())) return await sleep(DOWN_POLL_MS, undefined);
      if (!expected && (await hasEnded())) return undefined;
      const notice = await promise;
      return expected && notice !== undefined ? readNotice(expected.created, notice) : undefined;
    } finally {
      waiters.delete(resolve);
      if (waiters.size === 0 && this.#waiters.get(id) === waiters) this.#waiters.delete(id);
    }
  }

  /** Returns the entry of a created task once. */
  #take(id: string): Expected | undefined {
    const expected = this.#expected.get(id);
    if (!expected?.isStored) return undefined;
    this.#expected.delete(id);
    return expected;
  }

  close(): void {
    this.#wakeAll();
    void this.#subscription?.close();
  }

  async #subscribed(): Promise<boolean> {
    if (this.#isUp) return true;
    this.#subscription ??= this.#link.subscribe({
      channel: this.#channel,
      onMessage: (notice) => this.#wake(notice),
      onUp: () => {
        this.#isUp = true;
        this.#wakeAll();
      },
      onDown: () => this.#onDown(),
    });
    // Rejects during an outage; the waiter polls then.
    await this.#subscription.text().catch(() => undefined);
    return this.#isUp;
  }

  #onDown(): void {
    this.#isUp = false;
    this.#expected.clear();
    this.#wakeAll();
  }

  #wake(notice: string): void {
    const id = idOfNotice(notice);
    const expected = this.#expected.get(id);
    if (expected) expected.notice = notice;
    for (const wake of this.#waiters.get(id) ?? []) wake(notice);
  }

  #wakeAll(): void {
    for (const waiters of this.#waiters.values()) for (const wake of waiters) wake();
  }
}

/** Whether an entry is of this task, and not of another one that had its id. */
const isSame = (a: Task, b: Task): boolean => a.createdAt === b.createdAt && a.requestHash === b.requestHash;
