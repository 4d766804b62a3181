import { backoffMs, type Clock, type Task } from '#core';

/** What a check of an in-doubt task found: no task, one that must stay, or one that was then removed. */
export type Finding = 'missing' | 'kept' | 'removed';

interface InDoubtTasksOptions {
  /** Withdraws a task, as `TaskStore.withdraw` does. Rejects while Redis is away. */
  readonly remove: (task: Task) => Promise<Finding>;
  readonly clock: Clock;
}

interface Doubt {
  readonly task: Task;
  readonly since: number;
  /** How many checks found nothing. */
  checks: number;
}

/** When to check, after the doubt arose: a command that the network delayed may arrive after those sent later. */
const CHECKS_AFTER_MS = [0, 5_000, 60_000] as const;
const INTERVAL_MS = 500;
const BACKOFF = { baseMs: 200, maxMs: 5_000 };
/** A task that could not be checked for so long stays until its deadline. */
const GIVE_UP_AFTER_MS = 3_600_000;
const MAX_DOUBTS = 10_000;

/**
 * Tasks that were refused, but that Redis may have stored: the answer to the command that creates or withdraws them
 * was lost. They are withdrawn in the background once Redis is back.
 */
export class InDoubtTasks {
  readonly #options: InDoubtTasksOptions;
  readonly #doubts = new Map<string, Doubt>();
  readonly #closing = new AbortController();
  #isWorking = false;

  constructor(options: InDoubtTasksOptions) {
    this.#options = options;
  }

  add(task: Task): void {
    const [oldest] = this.#doubts.keys();
    if (this.#doubts.size >= MAX_DOUBTS && oldest !== undefined) this.#doubts.delete(oldest);
    this.#doubts.set(task.id, { task, since: this.#options.clock.now(), checks: 0 });
    if (this.#isWorking) return;
    this.#isWorking = true;
    void this.#work();
  }

  has(id: string): boolean {
    return this.#doubts.has(id);
  }

  /** Withdraws the task before its id is used again. Rejects while Redis is away. */
  async settle(id: string): Promise<void> {
    const doubt = this.#doubts.get(id);
    if (!doubt) return;
    await this.#options.remove(doubt.task);
    this.#doubts.delete(id);
  }

  close(): void {
    this.#closing.abort();
  }

  async #work(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#closing;
    for (let failures = 0; this.#doubts.size > 0 && !signal.aborted; ) {
      failures = (await this.#checkAll()) ? 0 : failures + 1;
      if (this.#doubts.size === 0) break;
      await clock.sleep(failures === 0 ? INTERVAL_MS : Math.ceil(backoffMs(BACKOFF, failures)) + 50, signal);
    }
    this.#isWorking = false;
  }

  /** Resolves with whether Redis answered. */
  async #checkAll(): Promise<boolean> {
    for (const [id, doubt] of this.#doubts) {
      const age = this.#options.clock.now() - doubt.since;
      if (age > GIVE_UP_AFTER_MS) this.#doubts.delete(id);
      else if (age >= Number(CHECKS_AFTER_MS[doubt.checks])) {
        try {
          await this.#check(doubt);
        } catch {
          // Recovery: checked again after a pause.
          return false;
        }
      }
    }
    return true;
  }

  async #check(doubt: Doubt): Promise<void> {
    const { id } = doubt.task;
    const finding = await this.#options.remove(doubt.task);
    doubt.checks += 1;
    const isOver = finding !== 'missing' || doubt.checks === CHECKS_AFTER_MS.length;
    if (isOver && this.#doubts.get(id) === doubt) this.#doubts.delete(id);
  }
}
