import {
  type CarriedCounts,
  type Clock,
  type ConsumeOptions,
  type Delivery,
  type QueueDepth,
  type QueuedMessage,
  type RejectReason,
  SHORT_PREFETCH_MS,
  type TaskConsumer,
  type TaskQueue,
} from '#core';
import type { Database } from '../database/database.ts';
import { translated } from '../errors.ts';
import type { WakeUps } from '../wake/wake-ups.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import { type Handle, MessageTable, queuesOf } from './message-table.ts';
import { type Settlement, SqliteDelivery } from './sqlite-delivery.ts';

/** The task queue of one model. Groups take turns; the messages of a group are delivered in the order of arrival. */
export class SqliteTaskQueue implements TaskQueue {
  readonly #deps: QueueDeps;
  readonly #model: string;
  readonly #messages: MessageTable;

  constructor(deps: QueueDeps, model: string) {
    this.#deps = deps;
    this.#model = model;
    this.#messages = new MessageTable(deps.database);
  }

  async send(message: QueuedMessage): Promise<void> {
    const { database, wakeUps } = this.#deps;
    const { tasks } = queuesOf(this.#model);
    await translated(
      'queue_unavailable',
      database.write(() => this.#messages.insert(tasks, message)),
    );
    wakeUps.notifyArrival(tasks);
  }

  consume(options: ConsumeOptions): TaskConsumer {
    return new SqliteTaskConsumer(this.#deps, this.#model, options);
  }

  async depth(): Promise<QueueDepth> {
    const { database, clock } = this.#deps;
    const { tasks, deadLetters } = queuesOf(this.#model);
    const query = database.read(() => {
      const now = clock.now();
      const { available, held, delayed } = this.#messages.count(tasks, now);
      const dead = this.#messages.count(deadLetters, now);
      return {
        visible: available,
        inFlight: held,
        delayed,
        deadLetters: dead.available + dead.held + dead.delayed,
      };
    });
    return translated('queue_unavailable', query);
  }
}

export interface QueueDeps {
  readonly database: Database;
  readonly wakeUps: WakeUps;
  readonly clock: Clock;
  /** The process that receives. */
  readonly owner: number;
  /** Time limit of an empty receive, in milliseconds. */
  readonly pollMs: number;
}

/** Polling intervals of receives, with and without a connection to the other processes. */
const LINKED_WAIT_MS = 1000;
const UNLINKED_WAIT_MS = 50;
/** Aborting without a reason creates a DOMException, which is expensive. */
const ARRIVED = 'A message has arrived.';

class SqliteTaskConsumer implements TaskConsumer, Settlement {
  readonly prefetchMs = SHORT_PREFETCH_MS;
  readonly #deps: QueueDeps;
  readonly #options: ConsumeOptions;
  readonly #messages: MessageTable;
  readonly #queue: string;
  readonly #deadLetters: string;
  readonly #leases: LeaseKeeper;
  readonly #closed = new AbortController();
  readonly #ignoreArrivals: () => void;
  #hasArrived = false;
  #wake: () => void = () => undefined;

  constructor(deps: QueueDeps, model: string, options: ConsumeOptions) {
    const { tasks, deadLetters } = queuesOf(model);
    const { signal, source = 'tasks' } = options;
    this.#deps = deps;
    this.#options = options;
    this.#messages = new MessageTable(deps.database);
    this.#queue = source === 'tasks' ? tasks : deadLetters;
    this.#deadLetters = deadLetters;
    this.#leases = new LeaseKeeper({ ...deps, ...options, messages: this.#messages });
    this.#ignoreArrivals = deps.wakeUps.onArrival(this.#queue, () => this.#wakeUp());
    signal.addEventListener('abort', () => this.#wakeUp(), { once: true });
  }

  async receive(max: number): Promise<readonly Delivery[]> {
    const { clock, pollMs } = this.#deps;
    const pollEndsAt = clock.now() + pollMs;
    while (!this.#isOver) {
      // Reads before it claims, because a claim takes the write lock. After a notification it claims at once.
      const hasArrived = this.#hasArrived;
      this.#hasArrived = false;
      const nextAt = hasArrived ? 0 : await this.#nextAvailableAt();
      const now = clock.now();
      if (nextAt <= now) {
        const deliveries = await this.#claim(max);
        if (deliveries.length > 0) return deliveries;
      } else if (now >= pollEndsAt) return [];
      else await this.#wait(Math.min(pollEndsAt, nextAt) - now);
    }
    return [];
  }

  /** Pending settlements need no flush: they are part of the next commit. */
  async close(): Promise<void> {
    this.#closed.abort();
    this.#wakeUp();
    this.#ignoreArrivals();
    this.#leases.stop();
  }

  ack({ handle }: SqliteDelivery): Promise<boolean> {
    const { database, owner } = this.#deps;
    return this.#settled(
      handle,
      database.writeSoon(() => this.#messages.delete(handle, owner)),
    );
  }

  async release(delivery: SqliteDelivery, counts: CarriedCounts, delaySeconds: number): Promise<boolean> {
    const { database, owner, clock, wakeUps } = this.#deps;
    const { handle } = delivery;
    const availableAt = delaySeconds === 0 ? 0 : clock.now() + delaySeconds * 1000;
    // Deliveries of dead letters do not change the counts.
    const carried = this.#counts ? counts : delivery;
    const isHeld = await this.#settled(
      handle,
      database.write(() => this.#messages.release(handle, owner, availableAt, carried)),
    );
    wakeUps.notifyArrival(this.#queue);
    return isHeld;
  }

  async moveToDeadLetters({ handle }: SqliteDelivery, attempts: number, reason: RejectReason): Promise<boolean> {
    const { database, owner, wakeUps } = this.#deps;
    const isHeld = await this.#settled(
      handle,
      database.write(() => this.#messages.moveToDeadLetters(handle, owner, this.#deadLetters, attempts, reason)),
    );
    wakeUps.notifyArrival(this.#deadLetters);
    return isHeld;
  }

  /** Whether to count deliveries. Those of dead letters are not counted. */
  get #counts(): boolean {
    return this.#queue !== this.#deadLetters;
  }

  get #isOver(): boolean {
    return this.#options.signal.aborted || this.#closed.signal.aborted;
  }

  /** When the next message is available, Unix milliseconds. A read, so it needs no write lock. */
  async #nextAvailableAt(): Promise<number> {
    const query = this.#deps.database.read(() => this.#messages.nextAvailableAt(this.#queue));
    return (await translated('queue_unavailable', query)) ?? Number.POSITIVE_INFINITY;
  }

  async #claim(max: number): Promise<readonly Delivery[]> {
    const { database, clock, owner } = this.#deps;
    const now = clock.now();
    const leaseUntil = now + this.#options.leaseSeconds * 1000;
    const claim = { queue: this.#queue, owner, max, now, leaseUntil, counts: this.#counts };
    const claimed = await translated(
      'queue_unavailable',
      database.write(() => this.#messages.claim(claim)),
    );
    const deliveries = claimed.map((message) => new SqliteDelivery(message, leaseUntil, this));
    for (const delivery of deliveries) this.#leases.add(delivery);
    if (!this.#isOver) return deliveries;
    // The consumer was stopped during the claim, so the messages were not delivered.
    await Promise.all(deliveries.map((delivery) => delivery.release({ keepFence: true })));
    return [];
  }

  async #settled({ id }: Handle, operation: Promise<boolean>): Promise<boolean> {
    const isHeld = await translated('queue_unavailable', operation);
    this.#leases.remove(id);
    if (!isHeld) this.#options.observer?.leaseLost();
    return isHeld;
  }

  async #wait(ms: number): Promise<void> {
    if (this.#hasArrived) return;
    const { clock, wakeUps } = this.#deps;
    const arrived = new AbortController();
    this.#wake = () => arrived.abort(ARRIVED);
    await clock.sleep(Math.min(ms, wakeUps.isLinked ? LINKED_WAIT_MS : UNLINKED_WAIT_MS), arrived.signal);
    this.#wake = () => undefined;
  }

  #wakeUp(): void {
    this.#hasArrived = true;
    this.#wake();
  }
}
