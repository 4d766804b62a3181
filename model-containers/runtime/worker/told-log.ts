import { randomUUID } from 'node:crypto';
import {
  type BlobStore,
  type Clock,
  inGroups,
  type Logger,
  MAX_PIECE_BYTES,
  MAX_PROGRESS_BYTES,
  MAX_RECENT_BYTES,
  PROGRESS_INTERVAL_MS,
  type ReportEntry,
  roundOf,
  type StoredEntries,
  type TaskProgress,
  type TaskStore,
} from '#core';
import type { RunReport } from '../backends/model-backend.ts';
import { type Attempt, trailOf } from './attempt.ts';

interface ToldDeps {
  readonly tasks: Pick<TaskStore, 'apply' | 'get'>;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of partial responses. */
  readonly contractHash: string;
  readonly instance?: string | undefined;
  /** Records the start of the run, if that has not been done. */
  readonly recordStart: () => Promise<void>;
}

/** An entry without its number. */
type Told = Omit<ReportEntry, 'seq'>;

/** What an entry has besides its response and its message, about. */
const ENTRY_BYTES = 64;

/**
 * What a model tells of one task, written to its row at most once a second. Progress that a later one follows within the
 * second is dropped; partial responses are all kept. What is not written when the task ends goes with its end.
 */
export class ToldLog {
  readonly #deps: ToldDeps;
  readonly #attempt: Attempt;
  readonly #stopped = new AbortController();
  #stored: TaskProgress | undefined;
  /** Whether the row may have entries of an earlier delivery. */
  #isLoaded: boolean;
  #pending: Told[] = [];
  /** Of partial responses of this run. */
  #bytes = 0;
  /** An entry found no room, so no later one is kept: there must be no gap. */
  #isFull = false;
  #writing: Promise<void> | undefined;
  #isWaiting = false;
  #writtenAt = Number.NEGATIVE_INFINITY;

  constructor(deps: ToldDeps, attempt: Attempt) {
    this.#deps = deps;
    this.#attempt = attempt;
    this.#isLoaded = attempt.number === 1 && attempt.delivery.fence === 1;
  }

  report({ fraction, message, response }: RunReport): void {
    if (this.#stopped.signal.aborted) return;
    const told: Told = {
      at: this.#deps.clock.now(),
      attempt: this.#attempt.number,
      ...(fraction === undefined ? {} : { fraction }),
      ...(message === undefined ? {} : { message }),
      ...(response === undefined ? {} : { response: Buffer.from(response).toString('base64') }),
    };
    const isFollowed = this.#pending.at(-1)?.response === undefined && response === undefined;
    if (isFollowed) this.#pending.pop();
    if (told.response !== undefined) this.#bytes += ENTRY_BYTES + told.response.length;
    if (this.#bytes > MAX_PROGRESS_BYTES) this.#isFull = true;
    if (told.response === undefined || !this.#isFull) this.#pending.push(told);
    if (!this.#isWaiting) void this.#writeSoon();
  }

  /** What the row does not have yet, for the event that ends the run. Call once. */
  async rest(): Promise<TaskProgress | undefined> {
    this.stop();
    await this.#writing;
    return this.#pending.length === 0 ? undefined : this.#next(this.#pending).catch(() => undefined);
  }

  /** Writes nothing more. */
  stop(): void {
    this.#stopped.abort();
  }

  async #writeSoon(): Promise<void> {
    const { clock } = this.#deps;
    this.#isWaiting = true;
    while (this.#pending.length > 0 && !this.#stopped.signal.aborted) {
      await clock.sleep(Math.max(0, this.#writtenAt + PROGRESS_INTERVAL_MS - clock.now()), this.#stopped.signal);
      if (this.#stopped.signal.aborted) break;
      this.#writtenAt = clock.now();
      this.#writing = this.#write();
      await this.#writing;
    }
    this.#isWaiting = false;
  }

  /** Never rejects: what was not written is pending again. */
  async #write(): Promise<void> {
    const { tasks, clock, logger, instance, recordStart } = this.#deps;
    const { delivery, envelope, number } = this.#attempt;
    // A report that comes meanwhile must not replace one that is being written.
    const written = this.#pending;
    this.#pending = [];
    try {
      await recordStart();
      const progress = await this.#next(written);
      const outcome = await tasks.apply(envelope.taskId, {
        ...{ type: 'progressed', fence: delivery.fence, attempts: number, at: clock.now(), progress, instance },
        requestHash: envelope.requestHash,
        ...roundOf(envelope),
      });
      if (outcome === 'applied') {
        this.#stored = progress;
        return;
      }
    } catch (error) {
      // Recovery: written with the next report, or with the end of the task.
      logger.warn('The progress of a task could not be recorded.', { ...trailOf(envelope), reason: String(error) });
    }
    this.#pending = [...written, ...this.#pending];
  }

  async #next(told: readonly Told[]): Promise<TaskProgress> {
    const { blobs, contractHash, clock } = this.#deps;
    const { taskId } = this.#attempt.envelope;
    await this.#load();
    const before = this.#stored;
    const count = before?.count ?? 0;
    const added = this.#fitting(before, told).map((each, at): ReportEntry => ({ seq: count + at + 1, ...each }));
    const latest = told.findLast(({ fraction }) => fraction !== undefined) ?? before;
    const recent = [...(before?.recent ?? []), ...added];
    const head = {
      ...(latest?.fraction === undefined ? {} : { fraction: latest.fraction }),
      ...(latest?.message === undefined ? {} : { message: latest.message }),
      at: clock.now(),
      contractHash,
      count: count + added.length,
    };
    const older = before?.older ?? [];
    if (sizeOf(recent) <= MAX_RECENT_BYTES) return { ...head, recent, older };
    const pieces = [...inGroups(recent, { sizeOf: (entry) => sizeOf([entry]), maxSize: MAX_PIECE_BYTES })];
    const stored = await Promise.all(pieces.map((entries) => storeEntries(blobs, taskId, entries)));
    return { ...head, recent: [], older: [...older, ...stored] };
  }

  /** Those for which the round has room. */
  #fitting(before: TaskProgress | undefined, told: readonly Told[]): readonly Told[] {
    const kept = (before?.older ?? []).reduce((sum, { size }) => sum + size, sizeOf(before?.recent ?? []));
    let room = MAX_PROGRESS_BYTES - kept;
    return told.filter(({ response = '', message = '' }) => {
      room -= ENTRY_BYTES + response.length + message.length;
      if (room < 0) this.#isFull = true;
      return !this.#isFull;
    });
  }

  /** What another delivery of this round has told. */
  async #load(): Promise<void> {
    if (this.#isLoaded) return;
    const { taskId, round = 0 } = this.#attempt.envelope;
    const task = await this.#deps.tasks.get(taskId);
    if (task && (task.round ?? 0) === round) this.#stored = task.progress;
    this.#isLoaded = true;
  }
}

const sizeOf = (entries: readonly ReportEntry[]): number => Buffer.byteLength(JSON.stringify(entries));

async function storeEntries(blobs: BlobStore, taskId: string, entries: readonly ReportEntry[]): Promise<StoredEntries> {
  const bytes = Buffer.from(JSON.stringify(entries));
  const last = entries.at(-1)?.seq ?? 0;
  const key = `results/${taskId}/told-${last}-${randomUUID()}`;
  await blobs.put(key, bytes);
  return { key, size: bytes.byteLength, last };
}
