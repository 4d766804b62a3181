import {
  CALL_RETENTION_MS,
  type Call,
  type CallLog,
  type CallPage,
  type CallQuery,
  cursorsOf,
  inBatches,
  type ListPosition,
  positionOfCall,
} from '#core';
import { translated } from '../errors.ts';
import type { RedisStoreOptions } from '../tasks/redis-task-store.ts';
import { rowsAfter, type ScoredMember } from '../tasks/task-listing.ts';

/** Limits memory: older calls of the owner are removed. */
const MAX_CALLS_OF_OWNER = 100_000;
/** Lua scripts accept a limited number of arguments. */
const MAX_CALLS_AT_ONCE = 1000;
/** Sorts before every character of an id, so that members of the same time are sorted by id. */
const SEPARATOR = '\n';

interface CallRow extends ListPosition {
  readonly call: Call;
}

/** Stores calls in a sorted set per owner, which expires with its last call. */
export class RedisCallLog implements CallLog {
  readonly #options: RedisStoreOptions;

  constructor(options: RedisStoreOptions) {
    this.#options = options;
  }

  /** One round trip: all scripts are sent together. */
  append(calls: readonly Call[]): Promise<void> {
    return translated('store_unavailable', async () => {
      const client = await this.#options.link.text();
      const expired = String(this.#options.clock.now() - CALL_RETENTION_MS);
      const bounds = [expired, String(MAX_CALLS_OF_OWNER), String(CALL_RETENTION_MS)];
      await Promise.all(
        [...Map.groupBy(calls, ({ owner }) => owner)].flatMap(([owner, own]) =>
          inBatches(own, MAX_CALLS_AT_ONCE).map((part) =>
            client.appendCalls({
              keys: [this.#key(owner)],
              arguments: [...bounds, ...part.flatMap((call) => [String(call.startedAt), memberOf(call)])],
            }),
          ),
        ),
      );
    });
  }

  list({ owner, limit, cursor }: CallQuery): Promise<CallPage> {
    return translated('store_unavailable', async () => {
      const cursors = cursorsOf({ of: 'calls', owner });
      const after = cursors.after(cursor);
      const client = await this.#options.link.text();
      const expired = `(${this.#options.clock.now() - CALL_RETENTION_MS}`;
      const members = (from: number | '+inf', offset: number, count: number) =>
        client.zRangeWithScores(this.#key(owner), from, expired, {
          ...{ BY: 'SCORE', REV: true, LIMIT: { offset, count } },
        });
      // One extra row shows whether there is a next page.
      const rows = await rowsAfter({ members, toRow }, after, limit + 1);
      for (const { call } of rows) this.#options.link.expectReplyAbout(owner, call.owner);
      const shown = rows.slice(0, limit);
      return {
        calls: shown.map(({ call }) => call),
        ...cursors.next(rows.length > limit ? shown.at(-1) : undefined),
      };
    });
  }

  #key(owner: string): string {
    return `${this.#options.prefix}:calls:${owner}`;
  }
}

const memberOf = (call: Call): string => `${call.id}${SEPARATOR}${JSON.stringify(call)}`;

function toRow({ value }: ScoredMember): CallRow {
  // Only this file writes these values, so the cast is safe.
  const call = JSON.parse(value.slice(value.indexOf(SEPARATOR) + 1)) as Call;
  return { ...positionOfCall(call), call };
}
