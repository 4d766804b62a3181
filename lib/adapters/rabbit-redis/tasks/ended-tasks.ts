import { setTimeout as sleep } from 'node:timers/promises';
import type { Task } from '#core';
import type { RedisLink } from '../redis-link.ts';
import { readTold, toldId } from './task-record.ts';

/** How soon somebody who waits looks again while nobody can tell. */
const DEAF_PAUSE_MS = 250;
/** Of more tasks than this that nobody has waited for yet, the oldest have to be looked up. */
const MAX_EXPECTED = 10_000;

interface Expected {
  readonly begun: Task;
  /** Redis has kept it as new: what was heard since is about this task, and nothing was missed. */
  isKept: boolean;
  /** What is said of its end, once it is heard. */
  told?: string;
}

/** Hears through pub/sub which tasks have ended, over a connection that is made when somebody first waits. */
export class EndedTasks {
  readonly #link: RedisLink;
  readonly #channel: string;
  readonly #waiters = new Map<string, Set<(told?: string) => void>>();
  /** Tasks that began within hearing. */
  readonly #expected = new Map<string, Expected>();
  #news: RedisLink | undefined;
  #isListening = false;

  constructor(link: RedisLink, channel: string) {
    this.#link = link;
    this.#channel = channel;
  }

  /**
   * To be called before a task is kept, and `kept` or `notKept` afterwards: from the first on its end is heard, also by
   * whoever only waits for it after the broker has confirmed it, and need not be looked up.
   */
  expect(begun: Task): void {
    // Somebody who repeats a submit must not take from the first what it has heard.
    if (!this.#isListening || this.#expected.has(begun.id)) return;
    this.#expected.set(begun.id, { begun, isKept: false });
    const oldest = this.#expected.keys().next();
    if (this.#expected.size > MAX_EXPECTED && !oldest.done) this.#expected.delete(oldest.value);
  }

  kept(begun: Task): void {
    const expected = this.#expected.get(begun.id);
    if (expected?.begun === begun) expected.isKept = true;
    // Heard of a task that had this id before, or expected by somebody whose task was not kept.
    else this.#expected.delete(begun.id);
  }

  /** For a task that has not begun after all, or had begun before. */
  notKept(begun: Task): void {
    if (this.#expected.get(begun.id)?.begun === begun) this.#expected.delete(begun.id);
  }

  /**
   * Resolves when the task is told to have ended, when the signal aborts, or when it may have ended unheard; with
   * the task when it began within hearing and its success was told. `hasEnded` is asked once this would be heard,
   * because it may have happened before.
   */
  async untilEnded(id: string, signal: AbortSignal, hasEnded: () => Promise<boolean>): Promise<Task | undefined> {
    if (signal.aborted) return undefined;
    const expected = this.#take(id);
    if (expected?.told !== undefined) return readTold(expected.begun, expected.told);
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    const waiters = this.#waiters.get(id) ?? new Set();
    this.#waiters.set(id, waiters.add(resolve));
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
    try {
      if (!(await this.#isHearing())) return await sleep(DEAF_PAUSE_MS, undefined);
      if (!expected && (await hasEnded())) return undefined;
      const told = await promise;
      return expected && told !== undefined ? readTold(expected.begun, told) : undefined;
    } finally {
      waiters.delete(resolve);
      if (waiters.size === 0 && this.#waiters.get(id) === waiters) this.#waiters.delete(id);
    }
  }

  /** What is known of a task that was kept within hearing, once. */
  #take(id: string): Expected | undefined {
    const expected = this.#expected.get(id);
    if (!expected?.isKept) return undefined;
    this.#expected.delete(id);
    return expected;
  }

  close(): void {
    this.#wakeAll();
    void this.#news?.close();
  }

  async #isHearing(): Promise<boolean> {
    if (this.#isListening) return true;
    this.#news ??= this.#link.subscribe({
      channel: this.#channel,
      onMessage: (told) => this.#wake(told),
      onUp: () => {
        this.#isListening = true;
        this.#wakeAll();
      },
      onDown: () => this.#goDeaf(),
    });
    // Rejects while there is no connection: whoever waits polls.
    await this.#news.text().catch(() => undefined);
    return this.#isListening;
  }

  #goDeaf(): void {
    this.#isListening = false;
    this.#expected.clear();
    this.#wakeAll();
  }

  #wake(told: string): void {
    const id = toldId(told);
    const expected = this.#expected.get(id);
    if (expected) expected.told = told;
    for (const wake of this.#waiters.get(id) ?? []) wake(told);
  }

  #wakeAll(): void {
    for (const waiters of this.#waiters.values()) for (const wake of waiters) wake();
  }
}
