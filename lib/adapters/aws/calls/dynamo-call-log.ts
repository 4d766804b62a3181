import { BatchWriteItemCommand, type WriteRequest } from '@aws-sdk/client-dynamodb';
import {
  backoffMs,
  CALL_RETENTION_MS,
  type Call,
  type CallLog,
  type CallPage,
  type CallQuery,
  cursorsOf,
  EVERYBODY,
  inBatches,
  isAskedFor,
  isCallKept,
  type ListPosition,
  ModelyardError,
  positionOfCall,
} from '#core';
import type { Item } from '../attributes.ts';
import { translated } from '../errors.ts';
import { CREATED_KEY, OWNER_SHARD } from '../resources.ts';
import type { DynamoTableOptions } from '../tasks/dynamo-task-store.ts';
import { type OwnerRows, readWindow } from '../tasks/owner-window.ts';
import { dayBefore, fromCallItem, listOfDay, startOfDay, toCallItems } from './call-item.ts';

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

interface CallRow extends ListPosition {
  readonly call: Call;
}

interface DynamoCallLogOptions extends DynamoTableOptions {
  /** @default `CALL_RETENTION_MS` */
  readonly retentionMs?: number;
}

/**
 * Stores calls in DynamoDB, each in the list of its owner and in the list of its day. One batch write per 25 rows, one
 * query per partition and page.
 */
export class DynamoCallLog implements CallLog {
  readonly #options: DynamoCallLogOptions;
  readonly #retentionMs: number;
  readonly #rows: OwnerRows<CallRow>;

  constructor(options: DynamoCallLogOptions) {
    this.#options = options;
    this.#retentionMs = options.retentionMs ?? CALL_RETENTION_MS;
    this.#rows = { client: options.client, table: options.table, toRow };
  }

  async append(calls: readonly Call[]): Promise<void> {
    // DynamoDB rejects a batch with duplicate keys.
    const different = [...new Map(calls.map((call) => [call.id, call])).values()];
    const items = different.flatMap((call) => toCallItems(call, this.#retentionMs));
    await this.#writeAll(items.map((Item) => ({ PutRequest: { Item } })));
  }

  async list({ limit, cursor, ...asked }: CallQuery): Promise<CallPage> {
    const { owner, model, status, from = 0, to = Number.POSITIVE_INFINITY } = asked;
    const now = this.#options.clock.now();
    const oldest = Math.max(from, now - this.#retentionMs);
    const minWindow = model === undefined && status === undefined ? MIN_WINDOW : FILTERED_WINDOW;
    const cursors = cursorsOf({ of: 'calls', owner: owner ?? EVERYBODY });
    let position: ListPosition = cursors.after(cursor) ?? { createdAt: Math.min(to, now + MAX_SKEW_MS), id: '' };
    const found: Call[] = [];
    const page = (next: ListPosition | undefined): CallPage => ({ calls: found, ...cursors.next(next) });
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const size = Math.max(limit - found.length, minWindow);
      const { rows, end } = await readWindow(this.#rows, owner ?? listOfDay(position), position, size);
      for (const row of rows) {
        // TTL deletion may lag by days. All older rows have expired too.
        if (row.createdAt < from || !isCallKept(row.call, now, this.#retentionMs)) return page(undefined);
        if (!isAskedFor(row.call, asked)) continue;
        found.push(row.call);
        const isLast = owner !== undefined && end === undefined && row === rows.at(-1);
        if (found.length === limit) return page(isLast ? undefined : row);
      }
      if (end) position = end;
      else if (owner !== undefined || startOfDay(position) <= oldest) return page(undefined);
      else position = dayBefore(position);
    }
    return page(position);
  }

  async deleteOf(owner: string): Promise<void> {
    for (;;) {
      const { rows } = await readWindow(this.#rows, owner, undefined, MAX_BATCH);
      if (rows.length === 0) return;
      const keys = rows.flatMap(({ call }) => toCallItems(call, this.#retentionMs)).map(keyOf);
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

function toRow(item: Item): CallRow {
  const call = fromCallItem(item);
  return { ...positionOfCall(call), call };
}

const keyOf = ({ [OWNER_SHARD.name]: shard, [CREATED_KEY.name]: created }: Item): Item => ({
  ...(shard && created ? { [OWNER_SHARD.name]: shard, [CREATED_KEY.name]: created } : {}),
});

const tooMany = () =>
  new ModelyardError('store_unavailable', 'The call log is throttled.', {
    retryable: true,
    retryAfterSeconds: 1,
  });
