import {
  type Clock,
  type ConsumeOptions,
  type QueueDepth,
  type TaskConsumer,
  type TaskQueue,
  unavailable,
} from '#core';
import { Mailbox } from './mailbox.ts';
import { MemoryTaskConsumer } from './memory-task-consumer.ts';

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
