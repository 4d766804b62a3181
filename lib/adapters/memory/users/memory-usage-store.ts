import { type StoredUsage, type UsageStore, unavailable } from '#core';

export class MemoryUsageStore implements UsageStore {
  /** While false, every call rejects. */
  reachable = true;
  readonly #usage = new Map<string, StoredUsage>();

  async get(owner: string): Promise<StoredUsage | undefined> {
    this.#assertReachable();
    return this.#usage.get(owner);
  }

  async put(owner: string, usage: StoredUsage): Promise<boolean> {
    this.#assertReachable();
    if ((this.#usage.get(owner)?.version ?? 0) !== usage.version - 1) return false;
    this.#usage.set(owner, usage);
    return true;
  }

  async delete(owner: string): Promise<void> {
    this.#assertReachable();
    this.#usage.delete(owner);
  }

  #assertReachable(): void {
    if (!this.reachable) throw unavailable('store_unavailable', 'The usage of users is unavailable.', undefined);
  }
}
