import type { Delivery, Envelope, Logger, TaskConsumer } from '#core';
import { type AdmitDeps, admitTask } from './admit-task.ts';
import { failureOf } from './failure.ts';
import { createMovingAverage } from './moving-average.ts';
import { createPatientReceiver } from './patient-receiver.ts';
import { createRunScheduler, type RunScheduler } from './run-scheduler.ts';
import { isRunAborted, type Run, runTickets, type Ticket } from './run-tickets.ts';
import { type SettleDeps, settleAborted, settleFailure, settleResponse } from './settle-task.ts';
import type { AttemptTimings, EndedAttempt, Settlement, WorkerObserver } from './worker-observer.ts';

export interface WorkerDeps extends AdmitDeps, SettleDeps {
  readonly variant: string | undefined;
  readonly logger: Logger;
  readonly observer: WorkerObserver;
  readonly consume: (signal: AbortSignal) => TaskConsumer;
  /** How long runs may go on after the stop signal before they are aborted and given back. */
  readonly stopTimeoutMs: number;
  /** How long the queue may stay away before `run` rejects. @default 120,000 */
  readonly queuePatienceMs?: number;
  /** How long a run may ignore its abort before `run` rejects. @default 30,000 */
  readonly stuckMs?: number;
}

/** A ticket and the promise of its run; `undefined` when it is given back instead. */
interface Turn {
  readonly ticket: Ticket;
  readonly begin: (run: Run | undefined) => void;
}

const MAX_RECEIVE = 10;
/** Tasks are fetched ahead for as long as this keeps the slots busy: fast models fill a receive, slow ones hoard nothing. */
const PREFETCH_HORIZON_MS = 500;
/** Results on their way out at once; they need no slot, but memory and sockets. */
const MAX_PUBLISHING = 50;
const STORE_AWAY_DELAY_SECONDS = 5;

/** Pulls the tasks of one model, runs them in slots and settles each of them once. */
export class Worker {
  readonly #deps: WorkerDeps;
  readonly #scheduler: RunScheduler<Turn>;
  readonly #unsettled = new Set<Promise<void>>();
  readonly #runs = new Set<Run>();
  /** Submit times of the tasks in hand, by delivery. */
  readonly #inHand = new Map<Delivery, number>();
  readonly #service = createMovingAverage();
  readonly #fatal = Promise.withResolvers<never>();
  #room = Promise.withResolvers<void>();
  #publishing = 0;
  #stopping = false;
  #lastBusyAt: number;

  constructor(deps: WorkerDeps) {
    this.#deps = deps;
    const { slots, batching } = deps.model;
    const now = () => deps.clock.now();
    this.#scheduler = createRunScheduler({ slots, batching, now, run: (turns) => this.#run(turns) });
    this.#fatal.promise.catch(() => undefined);
    this.#lastBusyAt = now();
  }

  /** Runs under way. */
  get inFlight(): number {
    return this.#scheduler.running;
  }

  /** Moving average of the time that one task takes of a slot, in milliseconds; undefined before the first. */
  get serviceMs(): number | undefined {
    return this.#service.value;
  }

  /** When the oldest task in hand was submitted, Unix milliseconds; undefined while there is none. */
  get oldestTaskAt(): number | undefined {
    return this.#inHand.size === 0 ? undefined : Math.min(...this.#inHand.values());
  }

  /** Milliseconds since there was last something in hand; 0 while there is. */
  get idleForMs(): number {
    return this.#unsettled.size > 0 ? 0 : this.#deps.clock.now() - this.#lastBusyAt;
  }

  /**
   * Works until `stop` aborts and everything in hand is settled or given back. Rejects, after the same
   * orderly end, when the queue stays away or a run ignores its abort: the instance had better be replaced.
   */
  async run(stop: AbortSignal): Promise<void> {
    const stopped = new AbortController();
    const signal = AbortSignal.any([stop, stopped.signal]);
    const consumer = this.#deps.consume(signal);
    try {
      await Promise.race([this.#pull(consumer, signal), this.#fatal.promise]);
    } finally {
      stopped.abort();
      await this.#finish();
      await consumer.close();
    }
  }

  async #pull(consumer: TaskConsumer, signal: AbortSignal): Promise<void> {
    const { clock, logger, queuePatienceMs = 120_000 } = this.#deps;
    const receive = createPatientReceiver({ consumer, clock, logger, signal, patienceMs: queuePatienceMs });
    const onStop = () => this.#room.resolve();
    signal.addEventListener('abort', onStop, { once: true });
    while (!signal.aborted) {
      const wanted = this.#wanted();
      if (wanted <= 0) {
        await this.#room.promise;
        this.#room = Promise.withResolvers();
        continue;
      }
      for (const delivery of await receive(wanted)) this.#accept(delivery);
    }
  }

  /** How many more deliveries to hold: one per free place in a run, and some ahead for a fast model. */
  #wanted(): number {
    const { slots, batching } = this.#deps.model;
    const places = slots * batching.maxSize;
    const serviceMs = this.#service.value;
    const ahead = serviceMs === undefined ? 0 : Math.min(MAX_RECEIVE, (PREFETCH_HORIZON_MS * slots) / serviceMs);
    const held = this.#unsettled.size - this.#publishing;
    return Math.min(MAX_RECEIVE, places + Math.floor(ahead) - held, MAX_PUBLISHING - this.#publishing);
  }

  #accept(delivery: Delivery): void {
    const work = this.#work(delivery).finally(() => {
      this.#unsettled.delete(work);
      this.#inHand.delete(delivery);
      this.#lastBusyAt = this.#deps.clock.now();
      this.#room.resolve();
    });
    this.#unsettled.add(work);
  }

  async #work(delivery: Delivery): Promise<void> {
    const { observer, logger } = this.#deps;
    try {
      observer.attemptEnded(await this.#attempt(delivery));
    } catch (error) {
      logger.warn('A task could not be settled; it will be tried again.', { reason: String(error) });
      // When the queue is away as well, the lease runs out by itself.
      await delivery.release({ delaySeconds: STORE_AWAY_DELAY_SECONDS }).catch(() => undefined);
    }
  }

  async #attempt(delivery: Delivery): Promise<EndedAttempt> {
    const receivedAt = this.#deps.clock.now();
    const admission = await admitTask(this.#deps, delivery);
    if ('settled' in admission) {
      return { attempt: delivery.attempts, outcome: admission.settled, ...taskOf(admission) };
    }
    if ('failed' in admission) {
      const { envelope, failed, attempt } = admission;
      const run = { delivery, envelope, attempt, startedAt: receivedAt };
      return { attempt, ...(await settleFailure(this.#deps, run, failed)), ...taskOf(admission) };
    }
    const { admitted } = admission;
    this.#inHand.set(delivery, admitted.envelope.submittedAt);
    const run = await this.#takeTurn({ ...admitted, receivedAt });
    const { attempt } = admitted;
    if (run) return { attempt, ...(await this.#publish(run)), ...taskOf(admitted) };
    await delivery.release({ keepFence: !admitted.isClaimed });
    return { attempt, outcome: 'released', ...taskOf(admitted) };
  }

  #takeTurn(ticket: Ticket): Promise<Run | undefined> {
    if (this.#stopping) return Promise.resolve(undefined);
    const { promise, resolve } = Promise.withResolvers<Run | undefined>();
    this.#scheduler.offer({ ticket, begin: resolve });
    return promise;
  }

  /** One run: begins every turn's, and holds the slot until the model is done. */
  async #run(turns: readonly Turn[]): Promise<void> {
    const { clock, stuckMs = 30_000 } = this.#deps;
    const startedAt = clock.now();
    const before = performance.now();
    const tickets = turns.map(({ ticket }) => ticket);
    const { runs, settled } = runTickets({ ...this.#deps, startedAt }, tickets);
    let watchdog: NodeJS.Timeout | undefined;
    runs.forEach((run, i) => {
      this.#runs.add(run);
      run.abort.signal.addEventListener('abort', () => {
        watchdog ??= setTimeout(() => this.#fatal.reject(new Error('A run ignores its abort signal.')), stuckMs);
      });
      turns[i]?.begin(run);
    });
    await settled;
    clearTimeout(watchdog);
    for (const run of runs) this.#runs.delete(run);
    this.#service.add((performance.now() - before) / turns.length);
    this.#room.resolve();
  }

  async #publish({ ticket, startedAt, answer }: Run): Promise<Settlement & AttemptTimings> {
    const { clock } = this.#deps;
    const answered = await answer;
    const endedAt = clock.now();
    this.#publishing++;
    this.#room.resolve();
    try {
      const settlement = await this.#settle({ ...ticket, startedAt }, answered);
      return { ...settlement, ...timingsOf(ticket, startedAt, endedAt, clock.now()) };
    } finally {
      this.#publishing--;
    }
  }

  #settle(attempt: Ticket & { readonly startedAt: number }, answered: unknown): Promise<Settlement> {
    if (isRunAborted(answered)) return settleAborted(this.#deps, attempt, answered);
    if (answered instanceof Error) return settleFailure(this.#deps, attempt, failureOf(answered));
    return settleResponse(this.#deps, attempt, answered);
  }

  /** Gives back what has not begun, lets runs finish within `stopTimeoutMs`, and waits until all is settled. */
  async #finish(): Promise<void> {
    this.#stopping = true;
    for (const { begin } of this.#scheduler.drain()) begin(undefined);
    const deadline = setTimeout(() => {
      for (const { abort } of this.#runs) abort.abort('stopping');
    }, this.#deps.stopTimeoutMs);
    while (this.#unsettled.size > 0) await Promise.all(this.#unsettled);
    clearTimeout(deadline);
  }
}

const taskOf = ({ envelope }: { readonly envelope?: Envelope }) => (envelope ? { taskId: envelope.taskId } : {});

const timingsOf = (ticket: Ticket, startedAt: number, endedAt: number, settledAt: number): AttemptTimings => ({
  queuedMs: startedAt - ticket.envelope.submittedAt,
  batchWaitMs: startedAt - ticket.receivedAt,
  runMs: endedAt - startedAt,
  publishMs: settledAt - endedAt,
});
