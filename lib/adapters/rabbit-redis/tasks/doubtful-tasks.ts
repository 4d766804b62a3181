import { backoffMs, type Clock } from '#core';

/** What a look at a doubtful task found: nothing, that it is in use, or what was then taken out. */
export type Finding = 'missing' | 'kept' | 'removed';

interface DoubtfulTasksOptions {
  /** Takes a task out if it is the one that was created then and nobody has come to rely on it. */
  readonly remove: (id: string, createdAt: number | undefined) => Promise<Finding>;
  readonly clock: Clock;
}

interface Doubt {
  readonly createdAt: number | undefined;
  readonly since: number;
  /** How many looks found nothing. */
  looks: number;
}

/** Looks, after the doubt arose: a command that the network has swallowed may arrive after those sent later. */
const LOOKS_AFTER_MS = [0, 5_000, 60_000] as const;
const INTERVAL_MS = 500;
const BACKOFF = { baseMs: 200, maxMs: 5_000 };
/** Nobody remembers for longer what was not accepted; then a task waits for its deadline. */
const GIVE_UP_AFTER_MS = 3_600_000;
const MAX_DOUBTS = 10_000;

/**
 * Tasks that were not accepted, and of which Redis may have kept something all the same: the answer to the
 * command that keeps or withdraws them was lost. They are taken out in the background once Redis is back.
 */
export class DoubtfulTasks {
  readonly #options: DoubtfulTasksOptions;
  readonly #doubts = new Map<string, Doubt>();
  readonly #closing = new AbortController();
  #isWorking = false;

  constructor(options: DoubtfulTasksOptions) {
    this.#options = options;
  }

  /** `createdAt` tells it from a later task of the same id; undefined when there can be none. */
  add(id: string, createdAt: number | undefined): void {
    const [oldest] = this.#doubts.keys();
    if (this.#doubts.size >= MAX_DOUBTS && oldest !== undefined) this.#doubts.delete(oldest);
    this.#doubts.set(id, { createdAt, since: this.#options.clock.now(), looks: 0 });
    if (this.#isWorking) return;
    this.#isWorking = true;
    void this.#work();
  }

  has(id: string): boolean {
    return this.#doubts.has(id);
  }

  /** Ends the doubt about an id that is used again. Rejects while Redis is away. */
  async settle(id: string): Promise<void> {
    const doubt = this.#doubts.get(id);
    if (!doubt) return;
    await this.#options.remove(id, doubt.createdAt);
    this.#doubts.delete(id);
  }

  close(): void {
    this.#closing.abort();
  }

  async #work(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#closing;
    for (let failures = 0; this.#doubts.size > 0 && !signal.aborted; ) {
      failures = (await this.#lookAtAll()) ? 0 : failures + 1;
      if (this.#doubts.size === 0) break;
      await clock.sleep(failures === 0 ? INTERVAL_MS : Math.ceil(backoffMs(BACKOFF, failures)) + 50, signal);
    }
    this.#isWorking = false;
  }

  /** Resolves with whether Redis answered. */
  async #lookAtAll(): Promise<boolean> {
    for (const [id, doubt] of this.#doubts) {
      const age = this.#options.clock.now() - doubt.since;
      if (age > GIVE_UP_AFTER_MS) this.#doubts.delete(id);
      else if (age >= Number(LOOKS_AFTER_MS[doubt.looks])) {
        try {
          await this.#look(id, doubt);
        } catch {
          // Recovery: looked at again after a pause.
          return false;
        }
      }
    }
    return true;
  }

  async #look(id: string, doubt: Doubt): Promise<void> {
    const finding = await this.#options.remove(id, doubt.createdAt);
    doubt.looks += 1;
    const isOver = finding !== 'missing' || doubt.looks === LOOKS_AFTER_MS.length;
    if (isOver && this.#doubts.get(id) === doubt) this.#doubts.delete(id);
  }
}
