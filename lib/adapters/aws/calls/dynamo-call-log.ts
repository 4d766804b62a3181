import { BatchWriteItemCommand, type WriteRequest } from '@aws-sdk/client-dynamodb';
import {
  backoffMs,
  CALL_RETENTION_MS,
  type Call,
  type CallLog,
  type CallPage,
  type CallQuery,
  cursorsOf,
  inBatches,
  isCallKept,
  type ListPosition,
  ModelyardError,
  positionOfCall,
} from '#core';
import { type Item, N, optional, present, readNumber, readString, S } from '../attributes.ts';
import { translated } from '../errors.ts';
import { CALLS_TABLE, CREATED_KEY, OWNER_SHARD } from '../resources.ts';
import type { DynamoTableOptions } from '../tasks/dynamo-task-store.ts';
import { type OwnerRows, ownerKey, readWindow } from '../tasks/owner-window.ts';

/** DynamoDB's maximum per batch write. */
const MAX_BATCH = 25;
/** DynamoDB may throttle a growing table for a short time. */
const MAX_TRIES = 5;
const BACKOFF = { baseMs: 50, maxMs: 1000 };
/** Maximum query rounds over all partitions per page. One is nearly always enough. */
const MAX_ROUNDS = 4;
/** Minimum rows per query: as many as fit into the smallest billed read. */
const MIN_WINDOW = 25;

interface CallRow extends ListPosition {
  readonly call: Call;
}

/** Stores calls in DynamoDB. One batch write per 25 calls, one query per partition and page. */
export class DynamoCallLog implements CallLog {
  readonly #options: DynamoTableOptions;
  readonly #rows: OwnerRows<CallRow>;

  constructor(options: DynamoTableOptions) {
    this.#options = options;
    this.#rows = { client: options.client, table: options.table, toRow };
  }

  async append(calls: readonly Call[]): Promise<void> {
    // DynamoDB rejects a batch with duplicate keys.
    const items = [...new Map(calls.map(toCallItem).map((item) => [keyOf(item), item])).values()];
    await Promise.all(
      inBatches(items, MAX_BATCH).map((batch) => this.#write(batch.map((Item) => ({ PutRequest: { Item } })))),
    );
  }

  async list({ owner, limit, cursor }: CallQuery): Promise<CallPage> {
    const now = this.#options.clock.now();
    const found: Call[] = [];
    let position: ListPosition | undefined = cursorsIn(owner).after(cursor);
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const { rows, end } = await readWindow(this.#rows, owner, position, Math.max(limit - found.length, MIN_WINDOW));
      for (const row of rows) {
        // TTL deletion may lag by days. All older rows have expired too.
        if (!isCallKept(row.call, now)) return page(owner, found, undefined);
        found.push(row.call);
        const isLast = end === undefined && row === rows.at(-1);
        if (found.length === limit) return page(owner, found, isLast ? undefined : row);
      }
      if (end === undefined) return page(owner, found, undefined);
      position = end;
    }
    return page(owner, found, position);
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

const keyOf = (item: Item): string => `${item[OWNER_SHARD.name]?.S} ${item[CREATED_KEY.name]?.S}`;

const cursorsIn = (owner: string) => cursorsOf({ of: 'calls', owner });

const page = (owner: string, calls: readonly Call[], next: ListPosition | undefined): CallPage => ({
  calls,
  ...cursorsIn(owner).next(next),
});

const tooMany = () =>
  new ModelyardError('store_unavailable', 'The call log is throttled.', {
    retryable: true,
    retryAfterSeconds: 1,
  });

/** Appending the same call again writes the same row. */
const toCallItem = (call: Call): Item =>
  present({
    ...ownerKey({ ...positionOfCall(call), owner: call.owner }),
    id: S(call.id),
    owner: S(call.owner),
    method: S(call.method),
    route: S(call.route),
    model: optional(call.model, S),
    taskId: optional(call.taskId, S),
    status: N(call.status),
    startedAt: N(call.startedAt),
    durationMs: N(call.durationMs),
    requestId: S(call.requestId),
    [CALLS_TABLE.ttlAttribute]: N(Math.ceil((call.startedAt + CALL_RETENTION_MS) / 1000)),
  });

const fromCallItem = (item: Item): Call => ({
  id: readString(item, 'id'),
  owner: readString(item, 'owner'),
  method: readString(item, 'method'),
  route: readString(item, 'route'),
  ...(item.model?.S === undefined ? {} : { model: item.model.S }),
  ...(item.taskId?.S === undefined ? {} : { taskId: item.taskId.S }),
  status: readNumber(item, 'status'),
  startedAt: readNumber(item, 'startedAt'),
  durationMs: readNumber(item, 'durationMs'),
  requestId: readString(item, 'requestId'),
});
