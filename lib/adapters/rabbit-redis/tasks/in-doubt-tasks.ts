import { backoffMs, type Clock, type Task } from '#core';

/** `missing`: the task does not exist. `kept`: it must stay. `removed`: the check has withdrawn it. */
export type CheckResult = 'missing' | 'kept' | 'removed';

interface InDoubtTasksOptions {
  /** Withdraws a task like `TaskStore.withdraw`. Rejects during an outage. */
  readonly remove: (task: Task) => Promise<CheckResult>;
  readonly clock: Clock;
}

interface Entry {
  readonly task: Task;
  readonly since: number;
  /** Number of checks that did not find the task. */
  checks: number;
}

/** Times of the checks, because the network may deliver a delayed command after later ones. */
const CHECKS_AFTER_MS = [0, 5_000, 60_000] as const;
const INTERVAL_MS = 500;
const BACKOFF = { baseMs: 200, maxMs: 5_000 };
/** A task that could not be checked for this long stays until its deadline. */
const GIVE_UP_AFTER_MS = 3_600_000;
const MAX_ENTRIES = 10_000;

/**
 * Withdraws tasks whose submit failed although Redis may have stored them: the reply to the command that creates or
 * withdraws them was lost. Runs in the background when Redis is available again.
 */
export class InDoubtTasks {
  readonly #options: InDoubtTasksOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #closing = new AbortController();
  #isWorking = false;

  constructor(options: InDoubtTasksOptions) {
    this.#options = options;
  }

  add(task: Task): void {
    const [oldest] = this.#entries.keys();
    if (this.#entries.size >= MAX_ENTRIES && oldest !== undefined) this.#entries.delete(oldest);
    this.#entries.set(task.id, { task, since: this.#options.clock.now(), checks: 0 });
    if (this.#isWorking) return;
    this.#isWorking = true;
    void this.#work();
  }

  has(id: string): boolean {
    return this.#entries.has(id);
  }

  /** Withdraws the task before its id is reused. Rejects during an outage. */
  async settle(id: string): Promise<void> {
    const entry = this.#entries.get(id);
    if (!entry) return;
    await this.#options.remove(entry.task);
    this.#entries.delete(id);
  }

  close(): void {
    this.#closing.abort();
  }

  async #work(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#closing;
    for (let failures = 0; this.#entries.size > 0 && !signal.aborted; ) {
      failures = (await this.#checkAll()) ? 0 : failures + 1;
      if (this.#entries.size === 0) break;
      await clock.sleep(failures === 0 ? INTERVAL_MS : Math.ceil(backoffMs(BACKOFF, failures)) + 50, signal);
    }
    this.#isWorking = false;
  }

  /** Resolves with false if Redis did not respond. */
  async #checkAll(): Promise<boolean> {
    for (const [id, entry] of this.#entries) {
      const age = this.#options.clock.now() - entry.since;
      if (age > GIVE_UP_AFTER_MS) this.#entries.delete(id);
      else if (age >= Number(CHECKS_AFTER_MS[entry.checks])) {
        try {
          await this.#check(entry);
        } catch {
          // Recovery: checked again after a pause.
          return false;
        }
      }
    }
    return true;
  }

  async #check(entry: Entry): Promise<void> {
    const { id } = entry.task;
    const result = await this.#options.remove(entry.task);
    entry.checks += 1;
    const isOver = result !== 'missing' || entry.checks === CHECKS_AFTER_MS.length;
    if (isOver && this.#entries.get(id) === entry) this.#entries.delete(id);
  }
}
