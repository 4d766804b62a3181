import { type CarriedCounts, type Clock, flowOf, type Priority, type RejectReason, turnOf } from '#core';
import { MemoryDelivery } from './memory-delivery.ts';
import { type Turn, TurnHeap } from './turn-heap.ts';

/** A message between two deliveries. It keeps its turn in all deliveries; dead letters have turn 0. */
export interface BufferedMessage extends Turn {
  readonly body: Uint8Array;
  readonly counts: CarriedCounts;
  readonly reason?: RejectReason;
}

/** A consumer that holds deliveries. */
export interface LeaseHolder {
  readonly reachable: boolean;
  /** Called when one of its deliveries has lost its lease. */
  leaseLost(): void;
}

/** The broker of one queue: stores messages in order of their turns and redelivers those whose lease has ended. */
export class MessageBuffer {
  /** The target of `reject`. Undefined for a dead-letter queue. */
  readonly deadLetters: MessageBuffer | undefined;
  readonly #clock: Clock;
  readonly #closed = new AbortController();
  readonly #held = new Set<MemoryDelivery>();
  readonly #waiters = new Set<() => void>();
  readonly #messages = new TurnHeap<BufferedMessage>();
  /** The highest turn of each flow that is ahead of the delivered ones. */
  readonly #lastTurns = new Map<string, number>();
  #served = 0;
  #delayed = 0;
  #nextCheckAt = Number.POSITIVE_INFINITY;
  #checkSooner = new AbortController();

  constructor(clock: Clock, deadLetters?: MessageBuffer) {
    this.#clock = clock;
    this.deadLetters = deadLetters;
  }

  /** Deliveries of dead letters are not counted. */
  get isDeadLetterQueue(): boolean {
    return this.deadLetters === undefined;
  }

  get visible(): number {
    return this.#messages.size;
  }

  get inFlight(): number {
    return this.#held.size;
  }

  get delayed(): number {
    return this.#delayed;
  }

  /** All messages: visible, in flight and delayed. */
  get size(): number {
    return this.visible + this.inFlight + this.delayed;
  }

  get closed(): boolean {
    return this.#closed.signal.aborted;
  }

  now(): number {
    return this.#clock.now();
  }

  /** The turn of the next message of a group. */
  nextTurn(group: string, priority: Priority | undefined): number {
    const flow = flowOf(group, priority);
    const turn = turnOf({ served: this.#served, last: this.#lastTurns.get(flow) }, priority);
    this.#lastTurns.set(flow, turn);
    return turn;
  }

  put(message: BufferedMessage, delaySeconds = 0): void {
    if (delaySeconds > 0) void this.#putLater(message, delaySeconds);
    else this.#putNow(message);
  }

  /** Delivers up to `max` messages with a lease of `leaseMs`. */
  take(max: number, leaseMs: number, holder: LeaseHolder): MemoryDelivery[] {
    const leaseEndsAt = this.#clock.now() + leaseMs;
    const deliveries: MemoryDelivery[] = [];
    while (deliveries.length < max) {
      const message = this.#messages.pop();
      if (!message) break;
      const delivery = new MemoryDelivery(this, holder, message, leaseEndsAt);
      this.#held.add(delivery);
      deliveries.push(delivery);
      this.#serve(message);
    }
    if (deliveries.length > 0 && leaseEndsAt < this.#nextCheckAt) this.#checkLeasesAt(leaseEndsAt);
    return deliveries;
  }

  /** Ends the lease of a delivery. Returns false if it was lost before. */
  endLease(delivery: MemoryDelivery): boolean {
    return this.#held.delete(delivery);
  }

  /** Renews the leases of one holder. Returns their number. */
  renew(holder: LeaseHolder, leaseMs: number): number {
    const leaseEndsAt = this.#clock.now() + leaseMs;
    const leases = [...this.#held].filter((delivery) => delivery.holder === holder && delivery.isRenewed);
    for (const delivery of leases) delivery.leaseEndsAt = leaseEndsAt;
    return leases.length;
  }

  /** Resolves on the next arrival, after `ms`, or when the signal aborts. */
  async arrival(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#closed.signal.aborted) return;
    const done = new AbortController();
    const wake = () => done.abort();
    this.#waiters.add(wake);
    signal.addEventListener('abort', wake);
    await this.#clock.sleep(ms, done.signal);
    this.#waiters.delete(wake);
    signal.removeEventListener('abort', wake);
  }

  /** Resolves all waits and clears all timers. */
  close(): void {
    this.#closed.abort();
    this.#checkSooner.abort();
    for (const wake of this.#waiters) wake();
    this.deadLetters?.close();
  }

  #putNow(message: BufferedMessage): void {
    this.#messages.push(message);
    const [wake] = this.#waiters;
    if (wake === undefined) return;
    this.#waiters.delete(wake);
    wake();
  }

  async #putLater(message: BufferedMessage, delaySeconds: number): Promise<void> {
    this.#delayed += 1;
    await this.#clock.sleep(delaySeconds * 1000, this.#closed.signal);
    this.#delayed -= 1;
    this.#putNow(message);
  }

  #serve({ turn }: Turn): void {
    this.#served = Math.max(this.#served, turn);
    if (this.#messages.size > 0) return;
    // The next turn of each flow follows the served one anyway.
    this.#lastTurns.clear();
  }

  #checkLeasesAt(time: number): void {
    this.#checkSooner.abort();
    this.#checkSooner = new AbortController();
    this.#nextCheckAt = time;
    void this.#checkLeases(time, this.#checkSooner.signal);
  }

  /** One timer for all leases, set to the earliest end. Leases may have been renewed when it fires. */
  async #checkLeases(time: number, signal: AbortSignal): Promise<void> {
    await this.#clock.sleep(time - this.#clock.now(), signal);
    if (signal.aborted || this.#closed.signal.aborted) return;
    const now = this.#clock.now();
    let earliest = Number.POSITIVE_INFINITY;
    for (const delivery of this.#held) {
      if (delivery.leaseEndsAt > now) earliest = Math.min(earliest, delivery.leaseEndsAt);
      else this.#redeliver(delivery);
    }
    this.#nextCheckAt = Number.POSITIVE_INFINITY;
    if (earliest < Number.POSITIVE_INFINITY) this.#checkLeasesAt(earliest);
  }

  #redeliver(delivery: MemoryDelivery): void {
    this.#held.delete(delivery);
    delivery.loseLease();
    delivery.holder.leaseLost();
    this.#putNow(delivery.messageAfterLoss());
  }
}
