import type { Kysely } from 'kysely';
import {
  CALL_RETENTION_MS,
  type Call,
  type CallLog,
  type CallPage,
  type CallQuery,
  type Clock,
  cursorsOf,
  inBatches,
  positionOfCall,
} from '#core';
import { translated } from './errors.ts';
import type { CallsTable, SqlTables } from './tables.ts';

const AWAY = 'The call log cannot be reached.';
/** Databases limit the number of parameters of a statement. */
const MAX_ROWS_AT_ONCE = 500;
/** Maximum number of expired calls that an append deletes. */
const MAX_DELETED_AT_ONCE = 1000;

/** Stores calls as rows of a SQL database. */
export class SqlCallLog implements CallLog {
  readonly #database: Kysely<SqlTables>;
  readonly #clock: Clock;

  constructor(database: Kysely<SqlTables>, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  append(calls: readonly Call[]): Promise<void> {
    return translated(AWAY, async () => {
      for (const batch of inBatches(calls, MAX_ROWS_AT_ONCE)) {
        await this.#database
          .insertInto('calls')
          .values(batch.map(toRow))
          .onConflict((conflict) => conflict.column('id').doNothing())
          .execute();
      }
      if (calls.length > 0) await this.#deleteExpired();
    });
  }

  list({ owner, limit, cursor }: CallQuery): Promise<CallPage> {
    return translated(AWAY, async () => {
      const cursors = cursorsOf({ of: 'calls', owner });
      const after = cursors.after(cursor);
      let query = this.#database
        .selectFrom('calls')
        .selectAll()
        .where('owner', '=', owner)
        .where('started_at', '>', this.#oldest);
      if (after) {
        query = query.where(({ eb, refTuple, tuple }) =>
          eb(refTuple('started_at', 'id'), '<', tuple(after.createdAt, after.id)),
        );
      }
      // One extra row shows whether there is a next page.
      const rows = await query
        .orderBy('started_at', 'desc')
        .orderBy('id', 'desc')
        .limit(limit + 1)
        .execute();
      const calls = rows.slice(0, limit).map(toCall);
      const last = calls.at(-1);
      return {
        calls,
        ...cursors.next(last && rows.length > limit ? positionOfCall(last) : undefined),
      };
    });
  }

  async #deleteExpired(): Promise<void> {
    await this.#database
      .deleteFrom('calls')
      .where('id', 'in', (query) =>
        query
          .selectFrom('calls')
          .select('id')
          .where('started_at', '<=', this.#oldest)
          .orderBy('started_at')
          .limit(MAX_DELETED_AT_ONCE),
      )
      .execute();
  }

  /** Calls of this moment or earlier have expired. */
  get #oldest(): number {
    return this.#clock.now() - CALL_RETENTION_MS;
  }
}

const toRow = (call: Call): CallsTable => ({
  id: call.id,
  owner: call.owner,
  method: call.method,
  route: call.route,
  model: call.model ?? null,
  task_id: call.taskId ?? null,
  status: call.status,
  started_at: call.startedAt,
  duration_ms: call.durationMs,
  request_id: call.requestId,
});

const toCall = ({ model, task_id, started_at, duration_ms, request_id, ...row }: CallsTable): Call => ({
  ...row,
  ...(model === null ? {} : { model }),
  ...(task_id === null ? {} : { taskId: task_id }),
  startedAt: Number(started_at),
  durationMs: duration_ms,
  requestId: request_id,
});
