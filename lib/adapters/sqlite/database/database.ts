import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { dropOldest } from '#core';
import { isBusy } from '../errors.ts';

interface Operation {
  readonly run: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export interface DatabaseOptions {
  /** How long another process may hold the write lock before an operation rejects. @default 10,000 ms */
  readonly lockTimeoutMs?: number;
}

/** Limits the duration of one transaction. */
const MAX_BATCH = 256;
/** Locks usually last less than a millisecond, so the first retries wait for one turn of the event loop only. */
const EAGER_RETRIES = 8;
const RETRY_MS = 1;
const SOON_MS = 5;
/** Maximum number of cached statements. Batches of different sizes are different statements. */
const MAX_STATEMENTS = 200;

/**
 * One connection to the database of a data folder. All writes of one turn of the event loop share a transaction, and
 * resolve after its commit. The event loop keeps running while another process holds the write lock.
 */
export class Database {
  readonly #connection: DatabaseSync;
  readonly #lockTimeoutMs: number;
  readonly #statements = new Map<string, StatementSync>();
  #pending: Operation[] = [];
  #isScheduled = false;
  #timer: NodeJS.Timeout | undefined;
  #retries = 0;
  #busySince = 0;

  /** `connection` is open and migrated, and has `busy_timeout` 0. */
  constructor(connection: DatabaseSync, { lockTimeoutMs = 10_000 }: DatabaseOptions = {}) {
    this.#connection = connection;
    this.#lockTimeoutMs = lockTimeoutMs;
  }

  /** Runs a query. Rejects with the error of SQLite. */
  async read<T>(query: () => T): Promise<T> {
    const startedAt = performance.now();
    for (;;) {
      try {
        return query();
      } catch (error) {
        // Reads are blocked only while another process recovers or closes the database.
        if (!isBusy(error) || performance.now() - startedAt > this.#lockTimeoutMs) throw error;
        await sleep(RETRY_MS);
      }
    }
  }

  /**
   * Runs an operation in a shared transaction and resolves with its result after the commit. If the operation throws,
   * only its own changes are undone. It may run more than once, so it must have no effects outside the database.
   */
  write<T>(operation: () => T): Promise<T> {
    const written = this.#add(operation);
    this.#schedule();
    return written;
  }

  /** As `write`, but waits up to `SOON_MS` for another write to share the commit with. */
  writeSoon<T>(operation: () => T): Promise<T> {
    const written = this.#add(operation);
    if (!this.#isScheduled) this.#timer ??= setTimeout(this.#flush, SOON_MS);
    return written;
  }

  all<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#prepare(sql).all(...values) as Row[];
  }

  get<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#prepare(sql).get(...values) as Row | undefined;
  }

  /** Returns the number of changed rows. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#prepare(sql).run(...values).changes);
  }

  /** Finishes pending writes, then closes the connection. Later calls reject. Can be called twice. */
  async close(): Promise<void> {
    while (this.#pending.length > 0) await sleep(RETRY_MS);
    this.#statements.clear();
    if (this.#connection.isOpen) this.#connection.close();
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = this.#connection.prepare(sql);
    this.#statements.set(sql, statement);
    dropOldest(this.#statements, MAX_STATEMENTS);
    return statement;
  }

  #add<T>(operation: () => T): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#pending.push({ run: operation, resolve: resolve as (value: unknown) => void, reject });
    return promise;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    // Runs after all I/O callbacks of this turn, so that their writes share one commit.
    setImmediate(this.#flush);
  }

  readonly #flush = (): void => {
    this.#isScheduled = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const batch = this.#pending.splice(0, MAX_BATCH);
    if (batch.length === 0) return;
    try {
      this.#commit(batch);
    } catch (error) {
      if (isBusy(error)) {
        this.#retryLater(batch, error);
        return;
      }
      // The failed operation rolled back the whole batch: repeat each operation in its own transaction.
      for (const operation of batch) this.#commitAlone(operation);
    }
    this.#retries = 0;
    if (this.#pending.length > 0) this.#schedule();
  };

  /** Resolves the operations after the commit. If it throws, nothing was changed or resolved. */
  #commit(batch: readonly Operation[]): void {
    this.#prepare('BEGIN IMMEDIATE').run();
    let results: readonly unknown[];
    try {
      results = batch.map(({ run }) => run());
      this.#prepare('COMMIT').run();
    } catch (error) {
      // SQLite rolls back by itself when the disk is full.
      if (this.#connection.isTransaction) this.#prepare('ROLLBACK').run();
      throw error;
    }
    for (const [index, { resolve }] of batch.entries()) resolve(results[index]);
  }

  #commitAlone(operation: Operation): void {
    try {
      this.#commit([operation]);
    } catch (error) {
      if (isBusy(error)) this.#pending.unshift(operation);
      else operation.reject(error);
    }
  }

  #retryLater(batch: readonly Operation[], error: unknown): void {
    const now = performance.now();
    if (this.#retries === 0) this.#busySince = now;
    this.#retries += 1;
    if (now - this.#busySince > this.#lockTimeoutMs) {
      this.#retries = 0;
      for (const { reject } of batch) reject(error);
      if (this.#pending.length > 0) this.#schedule();
      return;
    }
    this.#pending.unshift(...batch);
    this.#isScheduled = true;
    if (this.#retries <= EAGER_RETRIES) setImmediate(this.#flush);
    else setTimeout(this.#flush, RETRY_MS);
  }
}
