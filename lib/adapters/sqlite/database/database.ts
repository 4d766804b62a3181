import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { isBusy } from '../errors.ts';

interface Operation {
  readonly run: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export interface DatabaseOptions {
  /** How long other processes may keep the write lock before an operation rejects. @default 10,000 ms */
  readonly patienceMs?: number;
}

/** Bounds how long one transaction keeps other processes waiting. */
const MAX_BATCH = 256;
/** The lock is held for a fraction of a millisecond: the first attempts only let the event loop go round. */
const EAGER_RETRIES = 8;
const RETRY_MS = 1;
const SOON_MS = 5;
/** Prepared statements that are kept; more than the adapters have, because batches of any size are statements too. */
const MAX_STATEMENTS = 200;

/**
 * One connection to the database of a data folder. Writes are gathered for one turn of the event loop and committed
 * together; each resolves after the commit. Nothing in here blocks while another process writes.
 */
export class Database {
  readonly #connection: DatabaseSync;
  readonly #patienceMs: number;
  readonly #statements = new Map<string, StatementSync>();
  #pending: Operation[] = [];
  #isScheduled = false;
  #timer: NodeJS.Timeout | undefined;
  #retries = 0;
  #busySince = 0;

  /** Takes a connection that is open, migrated and waits for no lock (`busy_timeout` 0). */
  constructor(connection: DatabaseSync, { patienceMs = 10_000 }: DatabaseOptions = {}) {
    this.#connection = connection;
    this.#patienceMs = patienceMs;
  }

  /** Runs a query. Rejects with the error of SQLite. */
  async read<T>(query: () => T): Promise<T> {
    const startedAt = performance.now();
    for (;;) {
      try {
        return query();
      } catch (error) {
        // Readers meet a lock only while another process recovers or closes the database.
        if (!isBusy(error) || performance.now() - startedAt > this.#patienceMs) throw error;
        await sleep(RETRY_MS);
      }
    }
  }

  /**
   * Runs an operation in a transaction that others share, and resolves with its result once that is committed. Rejects
   * with what the operation throws, which undoes it and no other one. It may run more than once, so it must do nothing
   * but speak to the database.
   */
  write<T>(operation: () => T): Promise<T> {
    const written = this.#add(operation);
    this.#schedule();
    return written;
  }

  /** As `write`, for what nobody waits for: joins the next commit, at most some milliseconds later. */
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

  /** Resolves with how many rows it changed. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#prepare(sql).run(...values).changes);
  }

  /** Waits for the writes under way, then ends the connection; everything after it rejects. Twice is harmless. */
  async close(): Promise<void> {
    while (this.#pending.length > 0) await sleep(RETRY_MS);
    this.#statements.clear();
    if (this.#connection.isOpen) this.#connection.close();
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = this.#connection.prepare(sql);
    const oldest = this.#statements.keys().next();
    if (this.#statements.size >= MAX_STATEMENTS && !oldest.done) this.#statements.delete(oldest.value);
    this.#statements.set(sql, statement);
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
    // After the callbacks of this turn, so that all they write is one commit.
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
      // One operation that throws undoes the others: now each of them has a transaction of its own.
      for (const operation of batch) this.#commitAlone(operation);
    }
    this.#retries = 0;
    if (this.#pending.length > 0) this.#schedule();
  };

  /** Resolves the operations once they are committed. When it throws, nothing has happened and nobody was told. */
  #commit(batch: readonly Operation[]): void {
    this.#prepare('BEGIN IMMEDIATE').run();
    let results: readonly unknown[];
    try {
      results = batch.map(({ run }) => run());
      this.#prepare('COMMIT').run();
    } catch (error) {
      // A full disk ends the transaction by itself.
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
    if (now - this.#busySince > this.#patienceMs) {
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
