import {
  type CancelMark,
  type Clock,
  type Envelope,
  isTerminal,
  type Logger,
  mayBeCanceled,
  type TaskStore,
} from '#core';

export interface CancelWatchOptions {
  readonly model: string;
  readonly tasks: Pick<TaskStore, 'get' | 'cancels'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Watched {
  readonly taskId: string;
  readonly since: number;
  readonly onEnded: () => void;
}

/** How long after a cancel the mark is read before every start. */
const IN_USE_MS = 3_600_000;

/** Finds out which tasks of this worker were canceled. */
export class CancelWatch {
  readonly #options: CancelWatchOptions;
  readonly #watched = new Set<Watched>();
  readonly #stopped = new AbortController();
  #isPolling = false;
  /** The newest mark that was read. */
  #last: CancelMark | undefined;
  /** The mark after which all watched tasks were read. */
  #seen: CancelMark | undefined;
  #read: { readonly startedAt: number; readonly mark: Promise<CancelMark | undefined> } | undefined;

  constructor(options: CancelWatchOptions) {
    this.#options = options;
  }

  /**
   * Whether a task whose start is not recorded may start. Call `watch` before, so that no cancel is missed in between.
   * Rejects with `store_unavailable`.
   */
  async mayStart({ taskId, submittedAt }: Pick<Envelope, 'taskId' | 'submittedAt'>): Promise<boolean> {
    const { tasks, clock } = this.#options;
    const { startAgeMs } = tasks.cancels;
    const now = clock.now();
    // Once a task was canceled, more may follow, and every start is exact.
    const maxAgeMs = mayBeCanceled(this.#last, now - IN_USE_MS) ? 0 : startAgeMs;
    if (maxAgeMs > 0 && now - submittedAt < maxAgeMs) return true;
    if (!mayBeCanceled(await this.#mark(maxAgeMs), submittedAt)) return true;
    return !(await this.#hasEnded(taskId));
  }

  /** Calls back if the task is found to have ended. Returns a function that ends the watch. */
  watch(taskId: string, onEnded: () => void): () => void {
    const watched = { taskId, since: this.#options.clock.now(), onEnded };
    this.#watched.add(watched);
    if (!this.#isPolling) void this.#poll();
    return () => this.#watched.delete(watched);
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #poll(): Promise<void> {
    const { tasks, clock, logger } = this.#options;
    const { runIntervalMs } = tasks.cancels;
    this.#isPolling = true;
    while (this.#watched.size > 0 && !this.#stopped.signal.aborted) {
      await clock.sleep(runIntervalMs, this.#stopped.signal);
      const longRuns = [...this.#watched].filter(({ since }) => since <= clock.now() - runIntervalMs);
      if (longRuns.length === 0) continue;
      try {
        const mark = await this.#mark(0);
        if (mark === undefined || mark === this.#seen) continue;
        for (const { taskId, onEnded } of [...this.#watched]) if (await this.#hasEnded(taskId)) onEnded();
        this.#seen = mark;
      } catch (error) {
        // Recovery: looked up again after the next interval; a result of a canceled task is refused.
        logger.warn('Canceled tasks could not be looked up.', { reason: String(error) });
      }
    }
    this.#isPolling = false;
  }

  /** Also of a task that was erased: nothing can be recorded about it. */
  async #hasEnded(taskId: string): Promise<boolean> {
    const task = await this.#options.tasks.get(taskId);
    return task === undefined || isTerminal(task.state);
  }

  /** A mark that was read at most so long ago. */
  #mark(maxAgeMs: number): Promise<CancelMark | undefined> {
    const { tasks, clock, model } = this.#options;
    const now = clock.now();
    if (maxAgeMs > 0 && this.#read && now - this.#read.startedAt < maxAgeMs) return this.#read.mark;
    const read = { startedAt: now, mark: tasks.cancels.get(model) };
    this.#read = read;
    read.mark.then(
      (mark) => {
        this.#last = mark ?? this.#last;
      },
      () => {
        if (this.#read === read) this.#read = undefined;
      },
    );
    return read.mark;
  }
}
