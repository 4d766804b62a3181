import { type DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb';
import {
  comparePositions,
  decodeCursor,
  encodeCursor,
  type Task,
  type TaskPage,
  type TaskPosition,
  type TaskQuery,
} from '#core';
import { S } from './attributes.ts';
import { translated } from './errors.ts';
import { createdKey, type OwnerIndexRow, ownerPartitions, readOwnerIndexRow } from './owner-index.ts';
import { BY_OWNER_INDEX, OWNER_SHARDS } from './resources.ts';

interface ListingDeps {
  readonly client: DynamoDBClient;
  readonly table: string;
  get(id: string): Promise<Task | undefined>;
}

/** What one page may cost: rounds over all partitions, and rows read to look at their state. */
const MAX_ROUNDS = 4;
const MAX_ROWS_READ = 200;
/** Index rows to read per round at least: filters skip some. */
const MIN_WINDOW = 25;

/** A stretch of an owner's list, complete from where it was asked for to `end`. */
interface Window {
  readonly rows: readonly OwnerIndexRow[];
  /** Where to go on; undefined at the end of the list. */
  readonly end: TaskPosition | undefined;
}

/** One page of an owner's tasks, merged from the partitions of the by-owner index. */
export async function listTasks(deps: ListingDeps, query: TaskQuery): Promise<TaskPage> {
  const { owner, model, state, limit } = query;
  let position = query.cursor === undefined ? undefined : decodeCursor(owner, query.cursor);
  const found: Task[] = [];
  let rowsRead = 0;
  for (let round = 0; round < MAX_ROUNDS && rowsRead < MAX_ROWS_READ; round++) {
    const window = await readWindow(deps, owner, position, Math.max(limit - found.length, MIN_WINDOW));
    const rows = window.rows.filter((row) => model === undefined || row.model === model);
    // Without a filter on the state all rows count, so no more are read than are missing.
    const wanted = rows.slice(0, state === undefined ? limit - found.length : MAX_ROWS_READ - rowsRead);
    const tasks = await Promise.all(wanted.map(({ id }) => deps.get(id)));
    rowsRead += wanted.length;
    for (const [index, row] of wanted.entries()) {
      position = row;
      const task = tasks[index];
      if (task === undefined || (state !== undefined && task.state !== state)) continue;
      found.push(task);
      const isLast = index === rows.length - 1 && window.end === undefined;
      if (found.length === limit) return page(owner, found, isLast ? undefined : position);
    }
    if (wanted.length < rows.length) continue;
    if (window.end === undefined) return page(owner, found, undefined);
    position = window.end;
  }
  return page(owner, found, position);
}

const page = (owner: string, tasks: readonly Task[], next: TaskPosition | undefined): TaskPage => ({
  tasks,
  ...(next === undefined ? {} : { nextCursor: encodeCursor(owner, next) }),
});

/** At least `size` rows after `position`, fewer only where the list is unevenly spread or ends. */
async function readWindow(
  deps: ListingDeps,
  owner: string,
  position: TaskPosition | undefined,
  size: number,
): Promise<Window> {
  // Twice an even share: it nearly always suffices, and costs a quarter of asking every partition for everything.
  const share = Math.ceil((2 * size) / OWNER_SHARDS) + 2;
  const parts = await Promise.all(
    ownerPartitions(owner).map((partition) => readPartition(deps, partition, position, share)),
  );
  // Beyond the end of a part that goes on, tasks may be missing; up to the first such end, none are.
  const ends = parts.flatMap(({ end }) => end ?? []).sort(comparePositions);
  const end = ends[0];
  const rows = parts.flatMap((part) => part.rows).sort(comparePositions);
  return { rows: end === undefined ? rows : rows.filter((row) => comparePositions(row, end) <= 0), end };
}

async function readPartition(
  { client, table }: ListingDeps,
  partition: string,
  position: TaskPosition | undefined,
  limit: number,
): Promise<Window> {
  const command = new QueryCommand({
    TableName: table,
    IndexName: BY_OWNER_INDEX.name,
    KeyConditionExpression: `ownerShard = :partition${position === undefined ? '' : ' AND createdKey < :position'}`,
    ExpressionAttributeValues: {
      ':partition': S(partition),
      ...(position === undefined ? {} : { ':position': S(createdKey(position)) }),
    },
    ScanIndexForward: false,
    Limit: limit,
  });
  const { Items = [], LastEvaluatedKey } = await translated('store_unavailable', () => client.send(command));
  const rows = Items.map(readOwnerIndexRow);
  return { rows, end: LastEvaluatedKey === undefined ? undefined : rows.at(-1) };
}
