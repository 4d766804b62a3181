import type { Clock, Delivery, LeaseObserver, TaskConsumer } from '#core';
import type { Holder, Mailbox } from './mailbox.ts';
import type { MemoryTaskQueue } from './memory-task-queue.ts';

interface MemoryTaskConsumerOptions {
  readonly leaseMs: number;
  readonly pollMs: number;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly observer?: LeaseObserver | undefined;
}

/** One receiver of one mailbox. */
export class MemoryTaskConsumer implements TaskConsumer, Holder {
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
