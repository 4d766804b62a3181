import { limitsOf } from '#catalog/manifest.ts';
import type { BlobStore, Clock, Delivery, Logger, RequestGate, StatsStore, TaskConsumer, TaskStore } from '#core';
import { type AdmitDeps, admitTask } from './admit-task.ts';
import { type Attempt, closed, repeat, trailOf, uncharged } from './attempt.ts';
import { CancelWatch } from './cancel-watch.ts';
import { createRetryingReceiver } from './retrying-receiver.ts';
import { type RunEnd, runAttempts } from './run-attempts.ts';
import { RunScheduler } from './run-scheduler.ts';
import type { RunningModel } from './running-model.ts';
import { settleRun } from './settle-task.ts';
import type { AttemptTimings, EndedAttempt, WorkerObserver } from './worker-observer.ts';

/** A model that answers, with one version or several. */
export type ServingModel = Pick<
  RunningModel,
  'description' | 'condition' | 'onCondition' | 'failed' | 'run' | 'reacts'
>;

export interface WorkerDeps extends Pick<AdmitDeps, 'log' | 'codec' | 'tracing' | 'queues'> {
  /** Loaded and set up. */
  readonly model: ServingModel;
  /** Decides which requests this instance can decode. */
  readonly gate: RequestGate;
  readonly contractHash: string;
  /** The id of its instance, for the history of tasks. */
  readonly instance?: string;
  readonly tasks: TaskStore;
  readonly blobs: BlobStore;
  /** Counts tasks that are given up without a run. @default nobody counts */
  readonly stats?: Pick<StatsStore, 'add'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly observer: WorkerObserver;
  readonly consume: (signal: AbortSignal) => TaskConsumer;
  /** Time that runs have after the stop signal before they are aborted and released. */
  readonly stopTimeoutMs: number;
  /** How long the queue may be unavailable before `run` rejects. @default 120,000 */
  readonly maxQueueOutageMs?: number;
  /** Uniform in [0, 1). @default Math.random */
  readonly random?: () => number;
}

const NO_BATCHING = { maxSize: 1, maxWaitMs: 0 };
const MAX_RECEIVE = 10;
/** The worker holds tasks for this much work, so that one receive feeds several runs of a fast model. */
const DEFAULT_PREFETCH_MS = 500;
/** Maximum number of concurrent result writes. They occupy no slot, but memory and sockets. */
const MAX_PUBLISHING = 50;
const STORE_OUTAGE_DELAY_SECONDS = 5;
/** Weight of the newest run in the moving average: roughly the last twenty runs count. */
const NEWEST_WEIGHT = 0.1;

/** Receives the tasks of one model, runs them and settles each delivery once. */
export class Worker {
  readonly #deps: WorkerDeps & AdmitDeps & ReturnType<typeof limitsOf> & { readonly random: () => number };
  readonly #places: number;
  readonly #slots: number;
  readonly #scheduler: RunScheduler<Attempt, RunEnd>;
  readonly #unsettled = new Set<Promise<void>>();
  /** Submit times of unsettled tasks, by delivery. */
  readonly #submitTimes = new Map<Delivery, number>();
  readonly #stopNow = new AbortController();
  readonly #cancels: CancelWatch;
  #serviceMs: number | undefined;
  #room = Promise.withResolvers<void>();
  #publishing = 0;
  #lastBusyAt: number;

  constructor(deps: WorkerDeps) {
    const { model, clock } = deps;
    const { manifest } = model.description;
    this.#deps = { random: Math.random, ...deps, ...limitsOf(manifest), modelName: manifest.name };
    const { batching = NO_BATCHING, slots = 1 } = manifest;
    this.#slots = slots;
    this.#places = slots * batching.maxSize;
    this.#cancels = new CancelWatch({ ...deps, model: manifest.name });
    this.#scheduler = new RunScheduler({
      slots,
      batching,
      clock,
      isOpen: () => model.condition === 'ready',
      isAlone: ({ mustRunAlone }) => mustRunAlone,
      start: (attempts) => this.#start(attempts),
    });
    model.onCondition(() => {
      this.#scheduler.resume();
      this.#room.resolve();
    });
    this.#lastBusyAt = clock.now();
  }

  /** Number of active runs. */
  get inFlight(): number {
    return this.#scheduler.running;
  }

  /** Moving average of the time that one task occupies a slot, in milliseconds. Undefined before the first run. */
  get serviceMs(): number | undefined {
    return this.#serviceMs;
  }

  /** Submit time of the oldest unsettled task, Unix milliseconds. Undefined without one. */
  get oldestTaskAt(): number | undefined {
    return this.#submitTimes.size === 0 ? undefined : Math.min(...this.#submitTimes.values());
  }

  /** Milliseconds since the last unsettled task; 0 while there is one. */
  get idleForMs(): number {
    return this.#unsettled.size > 0 ? 0 : elapsedMs(this.#lastBusyAt, this.#deps.clock.now());
  }

  /**
   * Runs tasks until `stop` aborts, then waits until all are settled or released. Rejects, after the same shutdown,
   * when the queue stays unavailable or the model cannot be restarted.
   */
  async run(stop: AbortSignal): Promise<void> {
    const stopped = new AbortController();
    const signal = AbortSignal.any([stop, stopped.signal]);
    const consumer = this.#deps.consume(signal);
    try {
      await Promise.race([this.#pull(consumer, signal), this.#deps.model.failed]);
    } finally {
      stopped.abort();
      await this.#finish();
      await consumer.close();
    }
  }

  async #pull(consumer: TaskConsumer, signal: AbortSignal): Promise<void> {
    const { clock, logger, random, maxQueueOutageMs: maxOutageMs = 120_000 } = this.#deps;
    const receive = createRetryingReceiver({ consumer, clock, logger, random, signal, maxOutageMs });
    const onStop = () => this.#room.resolve();
    signal.addEventListener('abort', onStop, { once: true });
    while (!signal.aborted) {
      const wanted = this.#wanted(consumer.prefetchMs);
      if (wanted > 0) for (const delivery of await receive(wanted)) this.#accept(delivery);
      else {
        await this.#room.promise;
        this.#room = Promise.withResolvers();
      }
    }
  }

  /** Number of deliveries to receive: one per free place in a run, plus the prefetch. */
  #wanted(prefetchMs = DEFAULT_PREFETCH_MS): number {
    if (this.#deps.model.condition !== 'ready') return 0;
    const serviceMs = this.#serviceMs;
    const ahead = serviceMs === undefined ? 0 : Math.min(MAX_RECEIVE, (prefetchMs * this.#slots) / serviceMs);
    const held = this.#unsettled.size - this.#publishing;
    return Math.min(MAX_RECEIVE, this.#places + Math.floor(ahead) - held, MAX_PUBLISHING - this.#publishing);
  }

  #accept(delivery: Delivery): void {
    const work = this.#work(delivery).finally(() => {
      this.#unsettled.delete(work);
      this.#submitTimes.delete(delivery);
      this.#lastBusyAt = this.#deps.clock.now();
      this.#room.resolve();
    });
    this.#unsettled.add(work);
  }

  async #work(delivery: Delivery): Promise<void> {
    const { observer, logger } = this.#deps;
    let attempt: Attempt | undefined;
    try {
      const admitted = await admitTask(this.#deps, delivery);
      if ('outcome' in admitted) return observer.attemptEnded(admitted);
      attempt = admitted;
      observer.attemptEnded(await this.#attempt(attempt));
    } catch (error) {
      logger.warn('A task could not be settled; it will be delivered again.', { reason: String(error) });
      const counts = attempt ? uncharged(attempt) : { isSuspect: delivery.isSuspect };
      // If the queue is unavailable too, the message returns at the end of its lease.
      await delivery.release({ ...counts, delaySeconds: STORE_OUTAGE_DELAY_SECONDS }).catch(() => undefined);
    }
  }

  /** The path of an admitted task, from its turn to the stored result and the acknowledgement. */
  async #attempt(attempt: Attempt): Promise<EndedAttempt> {
    const { delivery, envelope, number } = attempt;
    this.#submitTimes.set(delivery, envelope.submittedAt);
    const ended = { ...trailOf(envelope), attempt: number };
    for (;;) {
      const end = await this.#scheduler.run(attempt);
      if (!end) {
        await delivery.release({ keepFence: !attempt.isRecorded, isSuspect: attempt.mustRunAlone });
        return closed(attempt, { ...ended, outcome: 'released' });
      }
      if (end.type !== 'repeat') {
        const settle = () => settleRun(this.#deps, attempt, end);
        const settlement = await this.#publish(() => attempt.spans?.storing(end.endedAt, settle) ?? settle());
        const timings = timingsOf(attempt, end, this.#deps.clock.now());
        return closed(attempt, { ...ended, ...settlement, ...timings });
      }
      this.#deps.logger.warn('Repeating a run: its process ended or did not respond.', ended);
      repeat(attempt, end);
    }
  }

  /** Starts one run. Its slot is free when the model has finished. */
  #start(attempts: readonly Attempt[]) {
    const { clock } = this.#deps;
    const startedAt = clock.now();
    const { ends, finished } = runAttempts(
      { ...this.#deps, cancels: this.#cancels, stopNow: this.#stopNow.signal },
      attempts,
    );
    const measured = finished.then(() => {
      const sample = elapsedMs(startedAt, clock.now()) / attempts.length;
      this.#serviceMs =
        this.#serviceMs === undefined ? sample : this.#serviceMs + NEWEST_WEIGHT * (sample - this.#serviceMs);
      this.#room.resolve();
    });
    return { ends, finished: measured };
  }

  async #publish<T>(settle: () => Promise<T>): Promise<T> {
    this.#publishing++;
    this.#room.resolve();
    try {
      return await settle();
    } finally {
      this.#publishing--;
    }
  }

  /** Releases the tasks that have not started and waits until all are settled. Aborts runs after `stopTimeoutMs`. */
  async #finish(): Promise<void> {
    const { clock, stopTimeoutMs } = this.#deps;
    this.#scheduler.drain();
    const finished = new AbortController();
    void clock.sleep(stopTimeoutMs, finished.signal).then(() => finished.signal.aborted || this.#stopNow.abort());
    while (this.#unsettled.size > 0) await Promise.all(this.#unsettled);
    finished.abort();
    this.#cancels.stop();
  }
}

const timingsOf = ({ envelope, receivedAt }: Attempt, { startedAt, endedAt }: RunEnd, now: number): AttemptTimings => ({
  queuedMs: elapsedMs(envelope.submittedAt, startedAt),
  batchWaitMs: elapsedMs(receivedAt, startedAt),
  runMs: elapsedMs(startedAt, endedAt),
  publishMs: elapsedMs(endedAt, now),
});

/** Never negative, though the clock is set back when the store tells its time. */
const elapsedMs = (from: number, to: number): number => Math.max(0, to - from);
