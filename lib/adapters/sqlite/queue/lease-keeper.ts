import type { Clock, ConsumeOptions } from '#core';
import type { Database } from '../database/database.ts';
import type { MessageTable } from './message-table.ts';
import type { SqliteDelivery } from './sqlite-delivery.ts';

interface LeaseKeeperOptions extends Pick<ConsumeOptions, 'leaseSeconds' | 'observer'> {
  readonly database: Database;
  readonly messages: MessageTable;
  readonly clock: Clock;
  readonly owner: number;
}

/** Renews all leases of one consumer after a third of their duration, in one transaction. */
export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions;
  readonly #held = new Map<number, SqliteDelivery>();
  readonly #stopping = new AbortController();

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
    void this.#keep();
  }

  add(delivery: SqliteDelivery): void {
    this.#held.set(delivery.handle.id, delivery);
  }

  /** Call after the settlement of a message. */
  remove(id: number): void {
    this.#held.delete(id);
  }

  /** Stops renewing. */
  stop(): void {
    this.#stopping.abort();
  }

  async #keep(): Promise<void> {
    const { clock, leaseSeconds } = this.#options;
    const { signal } = this.#stopping;
    for (;;) {
      const ends = [...this.#held.values()].map(({ leaseUntil }) => leaseUntil - clock.now());
      await clock.sleep(Math.max(0, Math.min((leaseSeconds * 1000) / 3, ...ends)), signal);
      if (signal.aborted) return;
      if (this.#held.size > 0) await this.#renew();
    }
  }

  async #renew(): Promise<void> {
    const { database, messages, clock, owner, leaseSeconds, observer } = this.#options;
    const deliveries = [...this.#held.values()];
    const leaseUntil = clock.now() + leaseSeconds * 1000;
    try {
      const renewed = await database.write(() =>
        deliveries.map((delivery) => messages.renew(delivery.handle, owner, leaseUntil)),
      );
      deliveries.forEach((delivery, index) => {
        if (renewed[index]) delivery.leaseUntil = leaseUntil;
        else if (this.#held.has(delivery.handle.id) && !delivery.isSettling) this.#lose(delivery);
      });
      observer?.leasesRenewed(renewed.filter(Boolean).length);
    } catch {
      // Recovery: repeated until the leases end.
      for (const delivery of deliveries) if (delivery.leaseUntil <= clock.now()) this.#lose(delivery);
    }
  }

  #lose(delivery: SqliteDelivery): void {
    this.#held.delete(delivery.handle.id);
    delivery.loseLease();
    this.#options.observer?.leaseLost();
  }
}
