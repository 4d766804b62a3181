import { setTimeout as sleep } from 'node:timers/promises';
import { type Kysely, type MigrationLockOptions, PostgresAdapter, PostgresQueryCompiler } from 'kysely';
import { isConflict } from './conflicts.ts';

/** How long a migrator may hold the lock without ending: another one takes over from a process that was killed. */
const LEASE_SECONDS = 30;
const RETRY_MS = 50;

interface LockTable {
  readonly [table: string]: { readonly id: string; readonly is_locked: number };
}

/**
 * Locks migrations by a row that says when the lock ends, because Aurora DSQL has no advisory locks and PostgreSQL
 * needs no second way.
 */
export class LeasedAdapter extends PostgresAdapter {
  /** Unix seconds at which the own lock ends. Undefined while another migrator holds it. */
  #heldUntil: number | undefined;

  override async acquireMigrationLock(database: Kysely<LockTable>, options: MigrationLockOptions): Promise<void> {
    for (;;) {
      const now = Math.floor(Date.now() / 1000);
      const until = now + LEASE_SECONDS;
      if (await this.#replace(database, options, { below: now, by: until })) {
        this.#heldUntil = until;
        return;
      }
      await sleep(RETRY_MS);
    }
  }

  override async releaseMigrationLock(database: Kysely<LockTable>, options: MigrationLockOptions): Promise<void> {
    if (this.#heldUntil === undefined) return;
    await this.#replace(database, options, { below: this.#heldUntil + 1, by: 0 });
    this.#heldUntil = undefined;
  }

  async #replace(
    database: Kysely<LockTable>,
    { lockTable, lockRowId }: MigrationLockOptions,
    { below, by }: { readonly below: number; readonly by: number },
  ): Promise<boolean> {
    try {
      const { numUpdatedRows } = await database
        .updateTable(lockTable)
        .set({ is_locked: by })
        .where('id', '=', lockRowId)
        .where('is_locked', '<', below)
        .executeTakeFirst();
      return numUpdatedRows === 1n;
    } catch (error) {
      if (isConflict(error)) return false;
      throw error;
    }
  }
}

/** Aurora DSQL commits every change of a schema by itself, so migrations there run without a transaction. */
export class DsqlAdapter extends LeasedAdapter {
  override get supportsTransactionalDdl(): boolean {
    return false;
  }
}

/** Aurora DSQL builds indexes in the background only. */
export class DsqlQueryCompiler extends PostgresQueryCompiler {
  #isIndex = false;

  protected override visitCreateIndex(node: Parameters<PostgresQueryCompiler['visitCreateIndex']>[0]): void {
    this.#isIndex = true;
    super.visitCreateIndex(node);
  }

  protected override append(text: string): void {
    super.append(this.#isIndex && text === 'index ' ? 'index async ' : text);
    if (text === 'index ') this.#isIndex = false;
  }
}
