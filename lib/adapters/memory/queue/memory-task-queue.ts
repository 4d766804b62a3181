import {
  type Clock,
  type ConsumeOptions,
  type Delivery,
  type LeaseObserver,
  type QueueDepth,
  type QueuedMessage,
  SHORT_PREFETCH_MS,
  type TaskConsumer,
  type TaskQueue,
  unavailable,
} from '#core';
import { type LeaseHolder, MessageBuffer } from './message-buffer.ts';

export interface MemoryTaskQueueOptions {
  readonly clock: Clock;
  /** Time limit of an empty receive, in milliseconds. @default 20,000 */
  readonly pollMs?: number;
}

/** The reference implementation of the port. */
export class MemoryTaskQueue implements TaskQueue {
  /** While false, every call rejects and no lease is renewed. */
  reachable = true;
  readonly #clock: Clock;
  readonly #pollMs: number;
  readonly #messages: MessageBuffer;

  constructor(
    { clock, pollMs = 20_000 }: MemoryTaskQueueOptions,
    messages = new MessageBuffer(clock, new MessageBuffer(clock)),
  ) {
    this.#clock = clock;
    this.#pollMs = pollMs;
    this.#messages = messages;
  }

  /** The same queue for another process, with its own `reachable`. */
  connect(): MemoryTaskQueue {
    return new MemoryTaskQueue({ clock: this.#clock, pollMs: this.#pollMs }, this.#messages);
  }

  async send({ body, group = '', priority }: Partial<QueuedMessage> & { readonly body: Uint8Array }): Promise<void> {
    this.assertReachable();
    const turn = this.#messages.nextTurn(group, priority);
    this.#messages.put({ body: body.slice(), turn, counts: { fence: 0, attempts: 0, losses: 0, isSuspect: false } });
  }

  consume({ leaseSeconds, signal, observer, source = 'tasks' }: ConsumeOptions): TaskConsumer {
    const messages = source === 'tasks' ? this.#messages : (this.#messages.deadLetters ?? this.#messages);
    const options = { leaseMs: leaseSeconds * 1000, pollMs: this.#pollMs, signal, observer, clock: this.#clock };
    return new MemoryTaskConsumer(this, messages, options);
  }

  async depth(): Promise<QueueDepth> {
    this.assertReachable();
    const { visible, inFlight, delayed, deadLetters } = this.#messages;
    return { visible, inFlight, delayed, deadLetters: deadLetters?.size ?? 0 };
  }

  /** Resolves all waits. Nothing is renewed or redelivered afterwards. */
  close(): void {
    this.#messages.close();
  }

  /** Throws `queue_unavailable` while `reachable` is false. */
  assertReachable(): void {
    if (!this.reachable) throw unavailable('queue_unavailable', 'The task queue is unavailable.', undefined);
  }
}

interface MemoryTaskConsumerOptions {
  readonly leaseMs: number;
  readonly pollMs: number;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly observer?: LeaseObserver | undefined;
}

class MemoryTaskConsumer implements TaskConsumer, LeaseHolder {
  readonly prefetchMs = SHORT_PREFETCH_MS;
  readonly #queue: MemoryTaskQueue;
  readonly #messages: MessageBuffer;
  readonly #options: MemoryTaskConsumerOptions;
  readonly #closed = new AbortController();

  constructor(queue: MemoryTaskQueue, messages: MessageBuffer, options: MemoryTaskConsumerOptions) {
    this.#queue = queue;
    this.#messages = messages;
    this.#options = options;
    void this.#renewLeases();
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
    const pollEndsAt = this.#messages.now() + pollMs;
    while (!signal.aborted && !this.#messages.closed) {
      const deliveries = this.#messages.take(max, leaseMs, this);
      const waitMs = pollEndsAt - this.#messages.now();
      if (deliveries.length > 0 || waitMs <= 0) return deliveries;
      await this.#messages.arrival(waitMs, signal);
      this.#queue.assertReachable();
    }
    return [];
  }

  async close(): Promise<void> {
    this.#closed.abort();
  }

  async #renewLeases(): Promise<void> {
    const { clock, leaseMs, observer } = this.#options;
    const { signal } = this.#closed;
    while (!signal.aborted && !this.#messages.closed) {
      await clock.sleep(leaseMs / 3, this.#closed.signal);
      if (signal.aborted || !this.reachable) continue;
      const renewed = this.#messages.renew(this, leaseMs);
      observer?.leasesRenewed(renewed);
    }
  }
}
