import { randomUUID } from 'node:crypto';
import type { HeldCounts } from './held-counts.ts';

/** Changes are told at most this often, so that telling costs next to nothing under load. */
const MIN_INTERVAL_MS = 200;
/** Well before a count is no longer believed. */
const REMINDER_MS = 20_000;

/** Tells what one consumer holds. */
export class HeldReporter {
  readonly #counts: HeldCounts;
  readonly #queue: string;
  readonly #count: () => number;
  readonly #id = randomUUID();
  readonly #reminder: NodeJS.Timeout;
  #told = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(counts: HeldCounts, queue: string, count: () => number) {
    this.#counts = counts;
    this.#queue = queue;
    this.#count = count;
    this.#reminder = setInterval(() => this.#told > 0 && this.#tell(), REMINDER_MS);
    this.#reminder.unref();
  }

  /** The count may be another one than before. */
  changed(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (this.#count() !== this.#told) void this.#tell();
    }, MIN_INTERVAL_MS).unref();
  }

  async close(): Promise<void> {
    clearInterval(this.#reminder);
    clearTimeout(this.#timer);
    if (this.#told > 0) await this.#tell();
  }

  #tell(): Promise<void> {
    this.#told = this.#count();
    return this.#counts.tell(this.#queue, this.#id, this.#told);
  }
}
