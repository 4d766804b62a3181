import { BatchWriteItemCommand, type WriteRequest } from '@aws-sdk/client-dynamodb';
import {
  backoffMs,
  CALL_RETENTION_MS,
  type Call,
  type CallLog,
  type CallPage,
  type CallQuery,
  comparePositions,
  cursorsOf,
  EVERYBODY,
  inBatches,
  isAskedFor,
  isCallKept,
  type ListPosition,
  ModelyardError,
  positionOfCall,
} from '#core';
import { translated } from '../errors.ts';
import type { DynamoTableOptions } from '../tasks/dynamo-task-store.ts';
import { type OwnerRows, readWindow } from '../tasks/owner-window.ts';
import {
  type CallPack,
  dayBefore,
  inOrder,
  keysOf,
  listOfDay,
  PACK_MS,
  startOfDay,
  toPack,
  toPackItems,
} from './call-pack.ts';

/** DynamoDB's maximum per batch write. */
const MAX_BATCH = 25;
/** DynamoDB may throttle a growing table for a short time. */
const MAX_TRIES = 5;
const BACKOFF = { baseMs: 50, maxMs: 1000 };
/** Maximum query rounds over all partitions per page. One is nearly always enough. */
const MAX_ROUNDS = 4;
/** Minimum rows per query: as many as fit into the smallest billed read. */
const MIN_WINDOW = 25;
/** The same where not all rows are asked for. */
const FILTERED_WINDOW = 200;
/** Clocks of writers may be ahead by this much. */
const MAX_SKEW_MS = 60_000;

interface DynamoCallLogOptions extends DynamoTableOptions {
  /** @default `CALL_RETENTION_MS` */
  readonly retentionMs?: number;
}

/**
 * Stores calls in DynamoDB, in the list of their owner and in the list of their day. Calls that are appended together
 * share rows. One batch write per 25 rows, one query per partition and page.
 */
export class DynamoCallLog implements CallLog {
  readonly #options: DynamoCallLogOptions;
  readonly #retentionMs: number;
  readonly #rows: OwnerRows<CallPack>;

  constructor(options: DynamoCallLogOptions) {
    this.#options = options;
    this.#retentionMs = options.retentionMs ?? CALL_RETENTION_MS;
    this.#rows = { client: options.client, table: options.table, toRow: toPack };
  }

  async append(calls: readonly Call[]): Promise<void> {
    await this.#writeAll(toPackItems(calls, this.#retentionMs).map((Item) => ({ PutRequest: { Item } })));
  }

  async list({ limit, cursor, ...asked }: CallQuery): Promise<CallPage> {
    const { owner, model, status, from = 0, to = Number.POSITIVE_INFINITY } = asked;
    const now = this.#options.clock.now();
    const oldest = Math.max(from, now - this.#retentionMs);
    const minWindow = model === undefined && status === undefined ? MIN_WINDOW : FILTERED_WINDOW;
    const cursors = cursorsOf({ of: 'calls', owner: owner ?? EVERYBODY });
    /** All calls before it are in `found`, or were not asked for. */
    let position: ListPosition = cursors.after(cursor) ?? { createdAt: Math.min(to, now + MAX_SKEW_MS), id: '' };
    // A pack with newer calls may have older ones too.
    let read: ListPosition = { createdAt: position.createdAt + PACK_MS, id: '~' };
    let pending: readonly Call[] = [];
    const found: Call[] = [];
    const page = (next: ListPosition | undefined): CallPage => ({ calls: found, ...cursors.next(next) });
    for (let round = 0; round < MAX_ROUNDS; ) {
      const size = Math.max(limit - found.length, minWindow);
      const { rows, end } = await readWindow(this.#rows, owner ?? listOfDay(position), read, size);
      const after = position;
      const left = rows.flatMap(({ calls }) => calls.filter((call) => isAfter(positionOfCall(call), after)));
      const known = inOrder([...pending, ...left]);
      // Packs that were not read have no call before `end`.
      const ready = end ? known.filter((call) => isAfter(end, positionOfCall(call))) : known;
      pending = known.slice(ready.length);
      for (const call of ready) {
        position = positionOfCall(call);
        // TTL deletion may lag by days. All later calls have expired too.
        if (call.startedAt < from || !isCallKept(call, now, this.#retentionMs)) return page(undefined);
        if (!isAskedFor(call, asked)) continue;
        found.push(call);
        const isLast = owner !== undefined && end === undefined && call === ready.at(-1);
        if (found.length === limit) return page(isLast ? undefined : position);
      }
      if (end) {
        read = end;
        // Until then, the packs were newer than what is asked for.
        if (!isAfter(end, position)) continue;
        position = end;
      } else if (owner !== undefined || startOfDay(position) <= oldest) return page(undefined);
      else {
        position = dayBefore(position);
        read = position;
      }
      round += 1;
    }
    return page(position);
  }

  async deleteOf(owner: string): Promise<void> {
    for (;;) {
      const { rows } = await readWindow(this.#rows, owner, undefined, MAX_BATCH);
      if (rows.length === 0) return;
      const keys = rows.flatMap((pack) => keysOf(owner, pack));
      await this.#writeAll(keys.map((Key) => ({ DeleteRequest: { Key } })));
    }
  }

  async #writeAll(requests: readonly WriteRequest[]): Promise<void> {
    await Promise.all(inBatches(requests, MAX_BATCH).map((batch) => this.#write(batch)));
  }

  async #write(requests: readonly WriteRequest[]): Promise<void> {
    const { client, table, clock } = this.#options;
    let left = [...requests];
    for (let failures = 1; ; failures++) {
      const command = new BatchWriteItemCommand({ RequestItems: { [table]: left } });
      const { UnprocessedItems } = await translated('store_unavailable', () => client.send(command));
      left = UnprocessedItems?.[table] ?? [];
      if (left.length === 0) return;
      if (failures === MAX_TRIES) throw tooMany();
      await clock.sleep(Math.ceil(backoffMs(BACKOFF, failures)));
    }
  }
}

/** Whether a position comes later in a list, which is sorted newest first. */
const isAfter = (position: ListPosition, other: ListPosition): boolean => comparePositions(position, other) > 0;

const tooMany = () =>
  new ModelyardError('store_unavailable', 'The call log is throttled.', {
    retryable: true,
    retryAfterSeconds: 1,
  });
