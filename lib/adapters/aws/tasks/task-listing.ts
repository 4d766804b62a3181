import { DeleteItemCommand, type DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb';
import {
  cursorsOf,
  type DeadLetterQuery,
  type ListPosition,
  MAX_DEAD_LETTERS_COUNTED,
  type Task,
  type TaskPage,
  type TaskQuery,
} from '#core';
import { N, readNumber, readString, S } from '../attributes.ts';
import { translated } from '../errors.ts';
import { BY_OWNER_INDEX, DEAD_LETTERS_INDEX } from '../resources.ts';
import { type OwnerRows, readPosition, readWindow } from './owner-window.ts';

interface TasksTable {
  readonly client: DynamoDBClient;
  readonly table: string;
}

interface ListingDeps extends TasksTable {
  get(id: string): Promise<Task | undefined>;
}

/** A row of the by-owner index. */
interface TaskRow extends ListPosition {
  readonly model: string;
}

/** Limits of one page: query rounds over all partitions, and rows that a filter by state reads. */
const MAX_ROUNDS = 4;
const MAX_ROWS_READ = 200;
/** Minimum number of index rows per round, because filters skip some. */
const MIN_WINDOW = 25;

/** One page of an owner's tasks, merged from the partitions of the by-owner index. */
export async function listTasks({ client, table, get }: ListingDeps, query: TaskQuery): Promise<TaskPage> {
  const { owner, model, state, limit } = query;
  const source: OwnerRows<TaskRow> = {
    ...{ client, table, index: BY_OWNER_INDEX.name },
    toRow: (item) => ({ ...readPosition(item), model: readString(item, 'model') }),
  };
  let position = cursorsIn(owner).after(query.cursor);
  const found: Task[] = [];
  let rowsRead = 0;
  for (let round = 0; round < MAX_ROUNDS && rowsRead < MAX_ROWS_READ; round++) {
    const window = await readWindow(source, owner, position, Math.max(limit - found.length, MIN_WINDOW));
    const rows = window.rows.filter((row) => model === undefined || row.model === model);
    // Without a filter by state, every row counts, so only the missing rows are read.
    const wanted = rows.slice(0, state === undefined ? limit - found.length : MAX_ROWS_READ - rowsRead);
    const tasks = await Promise.all(wanted.map(({ id }) => get(id)));
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

const cursorsIn = (owner: string) => cursorsOf({ of: 'tasks', owner });

const page = (owner: string, tasks: readonly Task[], next: ListPosition | undefined): TaskPage => ({
  tasks,
  ...cursorsIn(owner).next(next),
});

/** See `TaskStore.countDeadLetters`. */
export async function countDeadLetters({ client, table }: TasksTable, model: string): Promise<number> {
  const command = new QueryCommand({
    TableName: table,
    IndexName: DEAD_LETTERS_INDEX.name,
    KeyConditionExpression: `${DEAD_LETTERS_INDEX.partitionKey.name} = :model`,
    ExpressionAttributeValues: { ':model': S(model) },
    Select: 'COUNT',
    Limit: MAX_DEAD_LETTERS_COUNTED,
  });
  return (await translated('store_unavailable', () => client.send(command))).Count ?? 0;
}

/** Deletes a task in any state. */
export async function eraseTask({ client, table }: TasksTable, id: string): Promise<void> {
  const command = new DeleteItemCommand({ TableName: table, Key: { id: S(id) } });
  await translated('store_unavailable', () => client.send(command));
}

/** See `TaskStore.listDeadLetters`. */
export async function listDeadLetters(
  { client, table, get }: ListingDeps,
  { model, limit, cursor }: DeadLetterQuery,
): Promise<TaskPage> {
  const { partitionKey, sortKey, name } = DEAD_LETTERS_INDEX;
  const cursors = cursorsOf({ of: 'dead-letters', owner: model });
  const after = cursors.after(cursor);
  const command = new QueryCommand({
    TableName: table,
    IndexName: name,
    KeyConditionExpression: `${partitionKey.name} = :model`,
    ExpressionAttributeValues: { ':model': S(model) },
    ScanIndexForward: false,
    Limit: limit,
    ...(after
      ? { ExclusiveStartKey: { [partitionKey.name]: S(model), [sortKey.name]: N(after.createdAt), id: S(after.id) } }
      : {}),
  });
  const { Items = [], LastEvaluatedKey: last } = await translated('store_unavailable', () => client.send(command));
  const tasks = await Promise.all(Items.map((item) => get(readString(item, 'id'))));
  return {
    // The index may lag behind a redrive.
    tasks: tasks.filter((task) => task?.deadLetter !== undefined) as readonly Task[],
    ...cursors.next(last && { id: readString(last, 'id'), createdAt: readNumber(last, sortKey.name) }),
  };
}
