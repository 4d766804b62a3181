import { type Clock, keysOfEnd, type Logger, minuteOf, type StatOutcome, type StatsStore } from '#core';
import type { AttemptOutcome, WorkerObserver } from '../worker/worker-observer.ts';

export interface StatsRecorderOptions {
  readonly model: string;
  readonly stats: Pick<StatsStore, 'add' | 'flushMs'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Outcomes after which this instance has ended the task or returned it for another run. */
const COUNTED: Partial<Record<AttemptOutcome, StatOutcome>> = {
  succeeded: 'succeeded',
  failed: 'failed',
  expired: 'expired',
  retried: 'retried',
};

/** Collects what the worker did and writes it at intervals, because a write per task would be expensive. */
export class StatsRecorder implements WorkerObserver {
  readonly #options: StatsRecorderOptions;
  readonly #minutes = new Map<number, Map<string, number>>();
  readonly #closing = new AbortController();
  #flushing: Promise<void> | undefined;

  constructor(options: StatsRecorderOptions) {
    this.#options = options;
  }

  attemptEnded({ outcome, queuedMs, runMs }: Parameters<WorkerObserver['attemptEnded']>[0]): void {
    const counted = COUNTED[outcome];
    if (!counted) return;
    const minute = minuteOf(this.#options.clock.now());
    const counts = this.#minutes.get(minute) ?? new Map<string, number>();
    this.#minutes.set(minute, counts);
    const times = counted === 'retried' ? {} : { queuedMs, runMs };
    for (const key of keysOfEnd({ outcome: counted, ...times })) counts.set(key, (counts.get(key) ?? 0) + 1);
    this.#flushing ??= this.#flushLater();
  }

  /** Writes what is left. Never rejects. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#flushing;
  }

  async #flushLater(): Promise<void> {
    const { clock, stats, model, logger } = this.#options;
    await clock.sleep(stats.flushMs, this.#closing.signal);
    this.#flushing = undefined;
    const pending = [...this.#minutes];
    this.#minutes.clear();
    try {
      for (const [minute, counts] of pending) await stats.add(model, minute, Object.fromEntries(counts));
    } catch (error) {
      // Recovery: these minutes show too few tasks.
      logger.warn('Statistics could not be written.', { reason: String(error) });
    }
  }
}
