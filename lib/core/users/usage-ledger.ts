import { type Backoff, backoffMs } from '../backoff.ts';
import type { Clock } from '../clock.ts';
import { ModelyardError } from '../errors.ts';
import type { LoginAttempts } from './login-brake.ts';
import type { UsageStore } from './usage-store.ts';
import type { WaitingTasks } from './waiting-tasks.ts';

/** The usage of a user. Times are Unix milliseconds. */
export interface Usage {
  /** Requests that the user may send at once, at `tokensAt`. Absent: the burst. */
  readonly tokens?: number;
  readonly tokensAt?: number;
  /** The day of `tasks`, in days since 1970 (UTC). */
  readonly day?: number;
  /** Tasks accepted on that day. */
  readonly tasks?: number;
  readonly waiting?: WaitingTasks;
  /** Login attempts of a name or an address. */
  readonly attempts?: LoginAttempts;
}

/** Computes the next usage. Returns the same object if nothing changes. May run more than once. */
export type UsageChange<T> = (usage: Usage) => { readonly usage: Usage; readonly result: T };

interface PendingChange {
  readonly change: UsageChange<unknown>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

const MAX_CONFLICTS = 20;
const BACKOFF: Backoff = { baseMs: 5, maxMs: 200 };

/** Changes the usage of users atomically. Concurrent changes of one user share one read and one write. */
export class UsageLedger {
  readonly #store: UsageStore;
  readonly #clock: Clock;
  readonly #pending = new Map<string, PendingChange[]>();

  constructor(store: UsageStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Rejects with `store_unavailable`. */
  change<T>(owner: string, change: UsageChange<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const pending = { change, resolve: resolve as (result: unknown) => void, reject };
    const others = this.#pending.get(owner);
    if (others) others.push(pending);
    else {
      this.#pending.set(owner, [pending]);
      void this.#work(owner);
    }
    return promise;
  }

  async #work(owner: string): Promise<void> {
    const pending = this.#pending.get(owner) ?? [];
    while (pending.length > 0) {
      const batch = pending.splice(0);
      try {
        const results = await this.#apply(owner, batch);
        for (const [at, { resolve }] of batch.entries()) resolve(results[at]);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#pending.delete(owner);
  }

  async #apply(owner: string, batch: readonly PendingChange[]): Promise<readonly unknown[]> {
    for (let conflicts = 1; conflicts <= MAX_CONFLICTS; conflicts++) {
      const stored = await this.#store.get(owner);
      const before: Usage = stored ? JSON.parse(stored.document) : {};
      let usage = before;
      const results = batch.map(({ change }) => {
        const changed = change(usage);
        usage = changed.usage;
        return changed.result;
      });
      const next = { document: JSON.stringify(usage), version: (stored?.version ?? 0) + 1 };
      if (usage === before || (await this.#store.put(owner, next))) return results;
      await this.#clock.sleep(Math.ceil(backoffMs(BACKOFF, conflicts)));
    }
    throw new ModelyardError('store_unavailable', 'Too many changes of this usage at once.', { retryable: true });
  }
}
