import type { Kysely, SelectQueryBuilder } from 'kysely';
import {
  CALL_RETENTION_MS,
  type Call,
  type CallLog,
  type CallPage,
  type CallQuery,
  type Clock,
  cursorsOf,
  EVERYBODY,
  inBatches,
  positionOfCall,
} from '#core';
import { translated } from './errors.ts';
import type { CallsTable, SqlTables } from './tables.ts';

const AWAY = 'The call log cannot be reached.';
/** Databases limit the number of parameters of a statement. */
const MAX_ROWS_AT_ONCE = 500;
/** Maximum number of calls that one statement deletes, because others wait for it. */
const MAX_DELETED_AT_ONCE = 1000;

type CallIds = SelectQueryBuilder<SqlTables, 'calls', { id: string }>;

/** Stores calls as rows of a SQL database. */
export class SqlCallLog implements CallLog {
  readonly #database: Kysely<SqlTables>;
  readonly #clock: Clock;
  readonly #retentionMs: number;

  constructor(database: Kysely<SqlTables>, clock: Clock, retentionMs: number = CALL_RETENTION_MS) {
    this.#database = database;
    this.#clock = clock;
    this.#retentionMs = retentionMs;
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
      if (calls.length > 0) await this.#delete((calls) => calls.where('started_at', '<=', this.#oldest));
    });
  }

  list({ owner, model, status, from, to, limit, cursor }: CallQuery): Promise<CallPage> {
    return translated(AWAY, async () => {
      const cursors = cursorsOf({ of: 'calls', owner: owner ?? EVERYBODY });
      const after = cursors.after(cursor);
      let query = this.#database.selectFrom('calls').selectAll().where('started_at', '>', this.#oldest);
      if (owner !== undefined) query = query.where('owner', '=', owner);
      if (model !== undefined) query = query.where('model', '=', model);
      if (status !== undefined) query = query.where('status', '=', status);
      if (from !== undefined) query = query.where('started_at', '>=', from);
      if (to !== undefined) query = query.where('started_at', '<', to);
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

  deleteOf(owner: string): Promise<void> {
    return translated(AWAY, async () => {
      while ((await this.#delete((calls) => calls.where('owner', '=', owner))) > 0);
    });
  }

  /** Deletes some of the calls that `which` selects. Resolves with their number. */
  async #delete(which: (calls: CallIds) => CallIds): Promise<number> {
    const ids = which(this.#database.selectFrom('calls').select('id')).limit(MAX_DELETED_AT_ONCE);
    const { numDeletedRows } = await this.#database.deleteFrom('calls').where('id', 'in', ids).executeTakeFirst();
    return Number(numDeletedRows);
  }

  /** Calls of this moment or earlier have expired. */
  get #oldest(): number {
    return this.#clock.now() - this.#retentionMs;
  }
}

const toRow = (call: Call): CallsTable => ({
  id: call.id,
  owner: call.owner,
  key_id: call.key ?? null,
  method: call.method,
  route: call.route,
  model: call.model ?? null,
  task_id: call.taskId ?? null,
  status: call.status,
  started_at: call.startedAt,
  duration_ms: call.durationMs,
  bytes_in: call.bytesIn,
  bytes_out: call.bytesOut,
  request_id: call.requestId,
});

const toCall = ({ key_id, model, task_id, ...row }: CallsTable): Call => ({
  id: row.id,
  owner: row.owner,
  method: row.method,
  route: row.route,
  status: row.status,
  ...(key_id === null ? {} : { key: key_id }),
  ...(model === null ? {} : { model }),
  ...(task_id === null ? {} : { taskId: task_id }),
  startedAt: Number(row.started_at),
  durationMs: row.duration_ms,
  bytesIn: Number(row.bytes_in),
  bytesOut: Number(row.bytes_out),
  requestId: row.request_id,
});
