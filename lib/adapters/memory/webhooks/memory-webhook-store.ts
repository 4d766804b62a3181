import {
  type Clock,
  type DocumentTimes,
  FREQUENT_LOOKS,
  type StoredDocument,
  unavailable,
  type WebhookStore,
} from '#core';

export class MemoryWebhookStore implements WebhookStore {
  /** While false, every call rejects. */
  reachable = true;
  readonly pace = FREQUENT_LOOKS;
  readonly #documents = new Map<string, StoredDocument & DocumentTimes>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async get(key: string): Promise<StoredDocument | undefined> {
    const stored = this.#read(key);
    return stored && { document: stored.document, version: stored.version };
  }

  async put(key: string, { document, version }: StoredDocument, times: DocumentTimes): Promise<boolean> {
    if ((this.#read(key)?.version ?? 0) !== version - 1) return false;
    this.#documents.set(key, { document, version, ...times });
    return true;
  }

  async delete(key: string): Promise<void> {
    this.#read(key);
    this.#documents.delete(key);
  }

  async wake(): Promise<void> {
    // Senders ask `due`.
  }

  async due(now: number, limit: number): Promise<readonly string[]> {
    this.#assertReachable();
    const at = (times: DocumentTimes) => times.dueAt ?? Number.POSITIVE_INFINITY;
    return [...this.#documents]
      .filter(([, times]) => at(times) <= now)
      .toSorted(([, a], [, b]) => at(a) - at(b))
      .slice(0, limit)
      .map(([key]) => key);
  }

  #read(key: string): (StoredDocument & DocumentTimes) | undefined {
    this.#assertReachable();
    const stored = this.#documents.get(key);
    if ((stored?.expiresAt ?? Number.POSITIVE_INFINITY) > this.#clock.now()) return stored;
    this.#documents.delete(key);
    return undefined;
  }

  #assertReachable(): void {
    if (!this.reachable) throw unavailable('store_unavailable', 'The webhooks are unavailable.', undefined);
  }
}
