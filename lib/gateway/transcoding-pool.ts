import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { createTranscoder, type Transcoded, type Transcoder, type Transcoding, transcode } from '#api';
import { MessageLimitError } from '#contract';
import { type ErrorCode, type FieldError, ModelyardError } from '#core';

export interface Job {
  readonly id: number;
  readonly transcoding: Transcoding;
}

/** The result of a job, in a form that threads can exchange. */
export type Outcome =
  | { readonly kind: 'done'; readonly transcoded: Transcoded }
  | {
      readonly kind: 'refused';
      readonly code: ErrorCode;
      readonly message: string;
      readonly errors: readonly FieldError[];
    }
  | { readonly kind: 'too-large'; readonly maxBytes: number }
  | { readonly kind: 'broken'; readonly message: string };

/** Smaller messages take 1–2 ms on this thread; sending one to another thread and back takes as long. */
const MAX_BYTES_HERE = 64 * 1024;
/** Maximum JSON size that is converted on this thread. A short message can produce long JSON. */
const MAX_JSON_BYTES_HERE = 256 * 1024;
/** An idle thread ends after this time, which frees its memory. */
const IDLE_MS = 60_000;
const MAX_THREADS = 4;

interface Pending extends PromiseWithResolvers<Transcoded> {
  readonly job: Job;
}

/** Transcodes large messages on worker threads, so that they do not delay other requests. */
export class TranscodingPool implements AsyncDisposable {
  readonly #maxThreads: number;
  readonly #threads = new Set<TranscodingThread>();
  readonly #waiting: Pending[] = [];
  #jobs = 0;
  #isClosed = false;

  constructor(maxThreads: number = Math.max(1, Math.min(MAX_THREADS, availableParallelism() - 1))) {
    this.#maxThreads = maxThreads;
  }

  /** A transcoder that converts small messages on this thread. */
  get transcoder(): Transcoder {
    return createTranscoder((transcoding) => this.#transcode(transcoding), piecesOrText);
  }

  /** Ends the threads. Rejects current and waiting jobs. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    for (const { reject } of this.#waiting.splice(0)) reject(new Error('The gateway has stopped.'));
    await Promise.all([...this.#threads].map((thread) => thread.stop()));
  }

  async #transcode(transcoding: Transcoding): Promise<Transcoded> {
    if (transcoding.bytes.byteLength <= MAX_BYTES_HERE) {
      try {
        return await transcode(transcoding, MAX_JSON_BYTES_HERE);
      } catch (error) {
        if (!(error instanceof MessageLimitError)) throw error;
      }
    }
    const pending = { ...Promise.withResolvers<Transcoded>(), job: { id: this.#jobs++, transcoding } };
    this.#waiting.push(pending);
    this.#assign();
    return pending.promise;
  }

  /** Assigns waiting jobs to idle threads. */
  #assign(): void {
    for (let thread = this.#freeThread(); thread && this.#waiting.length > 0; thread = this.#freeThread()) {
      const next = this.#waiting.shift();
      if (next) thread.run(next);
    }
  }

  #freeThread(): TranscodingThread | undefined {
    const free = [...this.#threads].find((thread) => !thread.isBusy);
    const isEnough = this.#isClosed || this.#waiting.length === 0 || this.#threads.size >= this.#maxThreads;
    if (free || isEnough) return free;
    const thread = new TranscodingThread({
      onFree: () => this.#assign(),
      onEnd: () => {
        this.#threads.delete(thread);
        this.#assign();
      },
    });
    this.#threads.add(thread);
    return thread;
  }
}

/** In the bundle, the worker is a separate file. */
const FILE = import.meta.url.endsWith('.ts') ? './transcoding-worker.ts' : './transcoding-worker.mjs';

interface ThreadEvents {
  readonly onFree: () => void;
  readonly onEnd: () => void;
}

/** A thread with at most one job. */
class TranscodingThread {
  readonly #worker = new Worker(new URL(FILE, import.meta.url), { execArgv: [] });
  readonly #events: ThreadEvents;
  #pending: Pending | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(events: ThreadEvents) {
    this.#events = events;
    // The thread must not keep the process alive.
    this.#worker.unref();
    this.#worker.on('message', ({ outcome }: { outcome: Outcome }) => this.#settle(outcome));
    this.#worker.on('error', (error) => this.#fail(String(error)));
    this.#worker.on('exit', () => {
      clearTimeout(this.#idle);
      this.#fail('The thread has ended.');
      this.#events.onEnd();
    });
  }

  get isBusy(): boolean {
    return this.#pending !== undefined;
  }

  run(pending: Pending): void {
    clearTimeout(this.#idle);
    this.#pending = pending;
    const { job } = pending;
    // A copy, because transferred bytes are detached and the caller still needs them.
    const bytes = Uint8Array.from(job.transcoding.bytes);
    this.#worker.postMessage({ ...job, transcoding: { ...job.transcoding, bytes } }, [bytes.buffer]);
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }

  #settle(outcome: Outcome): void {
    const pending = this.#pending;
    this.#pending = undefined;
    this.#idle = setTimeout(() => void this.stop(), IDLE_MS).unref();
    if (outcome.kind === 'done') pending?.resolve(outcome.transcoded);
    else pending?.reject(errorOf(outcome));
    this.#events.onFree();
  }

  #fail(message: string): void {
    this.#pending?.reject(new Error(`A message could not be transcoded: ${message}`));
    this.#pending = undefined;
  }
}

function errorOf(outcome: Exclude<Outcome, { kind: 'done' }>): Error {
  if (outcome.kind === 'refused') return new ModelyardError(outcome.code, outcome.message, { errors: outcome.errors });
  if (outcome.kind === 'too-large') return new MessageLimitError(outcome.maxBytes);
  return new Error(`A message could not be transcoded: ${outcome.message}`);
}

/** Small results as a string. The server sends pieces unchanged. */
const piecesOrText = (pieces: readonly Uint8Array[]) =>
  pieces.reduce((sum, { byteLength }) => sum + byteLength, 0) <= MAX_BYTES_HERE
    ? Buffer.concat(pieces).toString()
    : pieces;
