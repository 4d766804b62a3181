import {
  type Clock,
  type ConsumeOptions,
  type Delivery,
  type LeaseObserver,
  type QueueDepth,
  type TaskConsumer,
  type TaskQueue,
  unavailable,
} from '#core';
import { type Holder, Mailbox } from './mailbox.ts';

export interface MemoryTaskQueueOptions {
  readonly clock: Clock;
  /** How long an empty receive waits. @default 20_000 */
  readonly pollMs?: number;
}

/** The reference implementation of the port: what it means, with no broker in the way. */
export class MemoryTaskQueue implements TaskQueue {
  /** Set to false, and the queue is away: every call is refused and no lease is renewed, until it is true again. */
  reachable = true;
  readonly #clock: Clock;
  readonly #pollMs: number;
  readonly #mailbox: Mailbox;

  constructor({ clock, pollMs = 20_000 }: MemoryTaskQueueOptions, mailbox = new Mailbox(clock, new Mailbox(clock))) {
    this.#clock = clock;
    this.#pollMs = pollMs;
    this.#mailbox = mailbox;
  }

  /** The same queue as another process sees it: reachable or not by itself. */
  connect(): MemoryTaskQueue {
    return new MemoryTaskQueue({ clock: this.#clock, pollMs: this.#pollMs }, this.#mailbox);
  }

  async send({ body }: { readonly body: Uint8Array; readonly group?: string }): Promise<void> {
    this.assertReachable();
    this.#mailbox.put({ body: body.slice(), counts: { fence: 0, attempts: 0, losses: 0, isSuspect: false } });
  }

  consume({ leaseSeconds, signal, observer, source = 'tasks' }: ConsumeOptions): TaskConsumer {
    const mailbox = source === 'tasks' ? this.#mailbox : (this.#mailbox.deadLetters ?? this.#mailbox);
    const options = { leaseMs: leaseSeconds * 1000, pollMs: this.#pollMs, signal, observer, clock: this.#clock };
    return new MemoryTaskConsumer(this, mailbox, options);
  }

  async depth(): Promise<QueueDepth> {
    this.assertReachable();
    const { visible, inFlight, delayed, deadLetters } = this.#mailbox;
    return { visible, inFlight, delayed, deadLetters: deadLetters?.size ?? 0 };
  }

  /** Wakes everybody who waits; nothing is renewed or redelivered afterwards. */
  close(): void {
    this.#mailbox.close();
  }

  /** Throws `queue_unavailable` while `reachable` is false. */
  assertReachable(): void {
    if (!this.reachable) throw unavailable('queue_unavailable', 'The task queue is away.', undefined);
  }
}

interface MemoryTaskConsumerOptions {
  readonly leaseMs: number;
  readonly pollMs: number;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly observer?: LeaseObserver | undefined;
}

/** One receiver of one mailbox. */
class MemoryTaskConsumer implements TaskConsumer, Holder {
  readonly #queue: MemoryTaskQueue;
  readonly #mailbox: Mailbox;
  readonly #options: MemoryTaskConsumerOptions;
  readonly #closed = new AbortController();

  constructor(queue: MemoryTaskQueue, mailbox: Mailbox, options: MemoryTaskConsumerOptions) {
    this.#queue = queue;
    this.#mailbox = mailbox;
    this.#options = options;
    void this.#keepLeases();
  }

  get reachable(): boolean {
    return this.#queue.reachable;
  }

  leaseLost(): void {
    this.#options.observer?.leaseLost();
  }

  async receive(max: number): Promise<readonly Delivery[]> {
    const { signal, pollMs, leaseMs } = this.#options;
    this.#queue.assertReachable();
    const pollEndsAt = this.#mailbox.now() + pollMs;
    while (!signal.aborted && !this.#mailbox.closed) {
      const deliveries = this.#mailbox.take(max, leaseMs, this);
      const waitMs = pollEndsAt - this.#mailbox.now();
      if (deliveries.length > 0 || waitMs <= 0) return deliveries;
      await this.#mailbox.arrival(waitMs, signal);
      this.#queue.assertReachable();
    }
    return [];
  }

  async close(): Promise<void> {
    this.#closed.abort();
  }

  async #keepLeases(): Promise<void> {
    const { clock, leaseMs, observer } = this.#options;
    const { signal } = this.#closed;
    while (!signal.aborted && !this.#mailbox.closed) {
      await clock.sleep(leaseMs / 3, this.#closed.signal);
      if (signal.aborted || !this.reachable) continue;
      const renewed = this.#mailbox.renew(this, leaseMs);
      observer?.leasesRenewed(renewed);
    }
  }
}
