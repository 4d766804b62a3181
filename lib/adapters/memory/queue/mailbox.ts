import type { CarriedCounts, Clock, RejectReason } from '#core';
import { MemoryDelivery } from './memory-delivery.ts';

/** A message as the mailbox keeps it between deliveries. */
export interface Letter {
  readonly body: Uint8Array;
  readonly counts: CarriedCounts;
  readonly reason?: RejectReason;
}

/** Who holds deliveries and renews them, as long as they can reach the mailbox. */
export interface Holder {
  readonly reachable: boolean;
  /** Hears that a delivery in its hands was taken back. */
  leaseLost(): void;
}

/** What a broker does for one queue: keeps letters in order of arrival, and takes back those whose lease ran out. */
export class Mailbox {
  /** Where `reject` puts letters; absent for the dead letters themselves. */
  readonly deadLetters: Mailbox | undefined;
  readonly #clock: Clock;
  readonly #closed = new AbortController();
  readonly #held = new Set<MemoryDelivery>();
  readonly #waiters = new Set<() => void>();
  #letters: Letter[] = [];
  /** Letters before it are gone: moving an index is cheaper than shifting a long array. */
  #head = 0;
  #delayed = 0;
  #nextCheckAt = Number.POSITIVE_INFINITY;
  #checkSooner = new AbortController();

  constructor(clock: Clock, deadLetters?: Mailbox) {
    this.#clock = clock;
    this.deadLetters = deadLetters;
  }

  /** Deliveries of dead letters count nothing. */
  get isOfDeadLetters(): boolean {
    return this.deadLetters === undefined;
  }

  get visible(): number {
    return this.#letters.length - this.#head;
  }

  get inFlight(): number {
    return this.#held.size;
  }

  get delayed(): number {
    return this.#delayed;
  }

  /** Letters of every kind: waiting, held and delayed. */
  get size(): number {
    return this.visible + this.inFlight + this.delayed;
  }

  get closed(): boolean {
    return this.#closed.signal.aborted;
  }

  now(): number {
    return this.#clock.now();
  }

  put(letter: Letter, delaySeconds = 0): void {
    if (delaySeconds > 0) void this.#putLater(letter, delaySeconds);
    else this.#putNow(letter);
  }

  /** Hands out up to `max` letters under a lease of `leaseMs`. */
  take(max: number, leaseMs: number, holder: Holder): MemoryDelivery[] {
    const count = Math.min(max, this.visible);
    const leaseEndsAt = this.#clock.now() + leaseMs;
    const deliveries: MemoryDelivery[] = [];
    for (const letter of this.#letters.slice(this.#head, this.#head + count)) {
      const delivery = new MemoryDelivery(this, holder, letter, leaseEndsAt);
      this.#held.add(delivery);
      deliveries.push(delivery);
    }
    this.#head += count;
    if (this.#head > 1024 && this.#head * 2 > this.#letters.length) this.#forgetTaken();
    if (count > 0 && leaseEndsAt < this.#nextCheckAt) this.#checkLeasesAt(leaseEndsAt);
    return deliveries;
  }

  /** Ends the delivery's lease by its holder's wish; false when it was lost before. */
  letGo(delivery: MemoryDelivery): boolean {
    return this.#held.delete(delivery);
  }

  /** Renews the leases of one holder; says how many there are. */
  renew(holder: Holder, leaseMs: number): number {
    const leaseEndsAt = this.#clock.now() + leaseMs;
    const theirs = [...this.#held].filter((delivery) => delivery.holder === holder && delivery.isRenewed);
    for (const delivery of theirs) delivery.leaseEndsAt = leaseEndsAt;
    return theirs.length;
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

  /** Wakes everybody who waits, and ends every timer. */
  close(): void {
    this.#closed.abort();
    this.#checkSooner.abort();
    for (const wake of this.#waiters) wake();
    this.deadLetters?.close();
  }

  #putNow(letter: Letter): void {
    this.#letters.push(letter);
    const [wake] = this.#waiters;
    if (wake === undefined) return;
    this.#waiters.delete(wake);
    wake();
  }

  async #putLater(letter: Letter, delaySeconds: number): Promise<void> {
    this.#delayed += 1;
    await this.#clock.sleep(delaySeconds * 1000, this.#closed.signal);
    this.#delayed -= 1;
    this.#putNow(letter);
  }

  #forgetTaken(): void {
    this.#letters = this.#letters.slice(this.#head);
    this.#head = 0;
  }

  #checkLeasesAt(time: number): void {
    this.#checkSooner.abort();
    this.#checkSooner = new AbortController();
    this.#nextCheckAt = time;
    void this.#checkLeases(time, this.#checkSooner.signal);
  }

  /** One timer for all leases: the check at the earliest end finds out what was renewed meanwhile. */
  async #checkLeases(time: number, signal: AbortSignal): Promise<void> {
    await this.#clock.sleep(time - this.#clock.now(), signal);
    if (signal.aborted || this.#closed.signal.aborted) return;
    const now = this.#clock.now();
    let earliest = Number.POSITIVE_INFINITY;
    for (const delivery of this.#held) {
      if (delivery.leaseEndsAt > now) earliest = Math.min(earliest, delivery.leaseEndsAt);
      else this.#takeBack(delivery);
    }
    this.#nextCheckAt = Number.POSITIVE_INFINITY;
    if (earliest < Number.POSITIVE_INFINITY) this.#checkLeasesAt(earliest);
  }

  #takeBack(delivery: MemoryDelivery): void {
    this.#held.delete(delivery);
    delivery.loseLease();
    delivery.holder.leaseLost();
    this.#putNow(delivery.letterAfterLoss());
  }
}
