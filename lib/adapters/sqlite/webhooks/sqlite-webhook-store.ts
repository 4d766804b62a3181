import { type Clock, type DocumentTimes, FREQUENT_LOOKS, type StoredDocument, type WebhookStore } from '#core';
import type { Database } from '../database/database.ts';
import { translated } from '../errors.ts';

/** Stores each document as a row. Deletes expired rows when it writes. */
export class SqliteWebhookStore implements WebhookStore {
  readonly pace = FREQUENT_LOOKS;
  readonly #database: Database;
  readonly #clock: Clock;

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  get(key: string): Promise<StoredDocument | undefined> {
    return translated(
      'store_unavailable',
      this.#database.read(() => this.#database.get<StoredDocument>(GET, key, this.#clock.now())),
    );
  }

  put(key: string, { document, version }: StoredDocument, { expiresAt, dueAt }: DocumentTimes): Promise<boolean> {
    return translated(
      'store_unavailable',
      this.#database.write(() => {
        this.#database.run(DELETE_EXPIRED, this.#clock.now());
        const stored = this.#database.get<StoredDocument>(GET, key, this.#clock.now());
        if ((stored?.version ?? 0) !== version - 1) return false;
        this.#database.run(PUT, key, version, document, expiresAt ?? null, dueAt ?? null);
        return true;
      }),
    );
  }

  async delete(key: string): Promise<void> {
    await translated(
      'store_unavailable',
      this.#database.write(() => this.#database.run('DELETE FROM webhooks WHERE key = ?', key)),
    );
  }

  async wake(): Promise<void> {
    // Senders ask `due`.
  }

  async due(now: number, limit: number): Promise<readonly string[]> {
    const rows = this.#database.read(() => this.#database.all<{ key: string }>(DUE, now, limit));
    return (await translated('store_unavailable', rows)).map(({ key }) => key);
  }
}

const GET = 'SELECT document, version FROM webhooks WHERE key = ? AND (expires_at IS NULL OR expires_at > ?)';

const PUT = `
  INSERT INTO webhooks (key, version, document, expires_at, due_at) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (key) DO UPDATE SET version = excluded.version, document = excluded.document,
    expires_at = excluded.expires_at, due_at = excluded.due_at
`;

const DUE = 'SELECT key FROM webhooks WHERE due_at <= ? ORDER BY due_at LIMIT ?';

const DELETE_EXPIRED = 'DELETE FROM webhooks WHERE expires_at <= ?';
