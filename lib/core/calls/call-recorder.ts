import { v7 as uuidV7 } from 'uuid';
import { type Backoff, backoffMs } from '../backoff.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { Call } from './call.ts';
import type { CallLog } from './call-log.ts';

/** A call that has just been answered. */
export type AnsweredCall = Omit<Call, 'id' | 'startedAt'>;

interface CallRecorderOptions {
  readonly calls: CallLog;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'warn'>;
}

/** Maximum number of calls in memory while the log is slow or away: a few megabytes. */
const MAX_WAITING = 10_000;
/** Small, because a database in this process blocks requests while it writes a batch. */
const MAX_BATCH = 100;
/** Calls of this time are written together. */
const GATHER_MS = 250;
const BACKOFF: Backoff = { baseMs: 500, maxMs: 15_000 };
const TELL_EVERY_MS = 10_000;
/** How long `stop` tries to write the rest. */
const STOP_MS = 3_000;

/**
 * Records calls after they were answered, in batches and in the background. While the log is away, calls wait in memory
 * up to a bound; those beyond it are lost, counted and logged. Recording never waits and never throws.
 */
export class CallRecorder {
  /** Calls that could not be recorded, since the start. */
  lost = 0;
  readonly #options: CallRecorderOptions;
  readonly #waiting: Call[] = [];
  readonly #stopping = new AbortController();
  #writing: Promise<void> | undefined;
  #toldAt = Number.NEGATIVE_INFINITY;
  #told = 0;

  constructor(options: CallRecorderOptions) {
    this.#options = options;
  }

  record(call: AnsweredCall): void {
    if (this.#waiting.length >= MAX_WAITING || this.#stopping.signal.aborted) {
      this.#lose(1);
      return;
    }
    const startedAt = Math.round(this.#options.clock.now() - call.durationMs);
    this.#waiting.push({ ...call, id: uuidV7(), startedAt });
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Writes pending calls, for a few seconds at most. Remaining calls are lost. */
  async stop(): Promise<void> {
    const { clock } = this.#options;
    this.#stopping.abort();
    const late = new AbortController();
    await Promise.race([this.#writing, clock.sleep(STOP_MS, late.signal)]);
    late.abort();
    if (this.#waiting.length > 0) this.#lose(this.#waiting.splice(0).length, 'This process stops.');
  }

  async #write(): Promise<void> {
    const { calls, clock } = this.#options;
    await clock.sleep(GATHER_MS, this.#stopping.signal);
    for (let failures = 0; this.#waiting.length > 0; ) {
      const batch = this.#waiting.slice(0, MAX_BATCH);
      try {
        await calls.append(batch);
        this.#waiting.splice(0, batch.length);
        failures = 0;
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        failures += 1;
        this.#tell('Calls cannot be recorded now. They wait in memory.', { waiting: this.#waiting.length, error });
        await clock.sleep(Math.ceil(backoffMs(BACKOFF, failures)), this.#stopping.signal);
      }
    }
  }

  #lose(count: number, reason = 'Too many calls wait for the call log.'): void {
    this.lost += count;
    this.#tell('Calls were not recorded.', { lost: this.lost - this.#told, reason });
  }

  /** One line for many calls. The next line has the number of calls lost since. */
  #tell(message: string, fields: Readonly<Record<string, unknown>>): void {
    const now = this.#options.clock.now();
    if (now - this.#toldAt < TELL_EVERY_MS && !this.#stopping.signal.aborted) return;
    this.#toldAt = now;
    this.#told = this.lost;
    this.#options.logger.warn(message, fields);
  }
}
