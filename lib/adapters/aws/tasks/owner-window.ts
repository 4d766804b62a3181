import { createHash } from 'node:crypto';
import { type DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb';
import { comparePositions, type ListPosition } from '#core';
import { type Item, readString, rowOf, S } from '../attributes.ts';
import { translated } from '../errors.ts';
import { CREATED_KEY, OWNER_SHARD, OWNER_SHARDS } from '../resources.ts';

/** The key of a row in its owner's list. It never changes, so an index is written once per row. */
export const ownerKey = ({ id, owner, createdAt }: ListPosition & { readonly owner: string }): Item => ({
  [OWNER_SHARD.name]: S(ownerPartition(owner, shardOf(id))),
  [CREATED_KEY.name]: S(createdKey({ id, createdAt })),
});

/** All partitions of an owner's rows. */
const ownerPartitions = (owner: string): readonly string[] =>
  Array.from({ length: OWNER_SHARDS }, (_, shard) => ownerPartition(owner, shard));

/** Sorts by time and id, as lists do in reverse. */
const createdKey = ({ id, createdAt }: ListPosition): string => `${String(createdAt).padStart(16, '0')}#${id}`;

/** The position of a row in its list. */
export function readPosition(item: Item): ListPosition {
  const created = readString(item, CREATED_KEY.name);
  const at = created.indexOf('#');
  return { id: created.slice(at + 1), createdAt: Number(created.slice(0, at)) };
}

const ownerPartition = (owner: string, shard: number): string => `${shard}#${owner}`;

/** Uses a hash of the id, because ids start with the time. */
const shardOf = (id: string): number => createHash('sha256').update(id).digest().readUInt32BE() % OWNER_SHARDS;

/** Rows with an `ownerKey`, in a table or an index of that key. */
export interface OwnerRows<Row extends ListPosition> {
  readonly client: DynamoDBClient;
  readonly table: string;
  readonly index?: string;
  toRow(item: Item): Row;
}

/** A section of an owner's list, complete from the requested position to `end`. */
export interface OwnerWindow<Row extends ListPosition> {
  readonly rows: readonly Row[];
  /** The position to continue from; undefined at the end of the list. */
  readonly end: Row | undefined;
}

/** Reads at least `size` rows after `position`; fewer at the end or in uneven partitions. One query each. */
export async function readWindow<Row extends ListPosition>(
  source: OwnerRows<Row>,
  owner: string,
  position: ListPosition | undefined,
  size: number,
): Promise<OwnerWindow<Row>> {
  // Twice the average is nearly always enough, and costs a quarter of a full read of every partition.
  const share = Math.ceil((2 * size) / OWNER_SHARDS) + 2;
  const parts = await Promise.all(
    ownerPartitions(owner).map((partition) => readPartition(source, partition, position, share)),
  );
  // A truncated partition may miss rows after its end. Up to the first such end, the list is complete.
  const ends = parts.flatMap(({ end }) => end ?? []).sort(comparePositions);
  const end = ends[0];
  const rows = parts.flatMap((part) => part.rows).sort(comparePositions);
  return { rows: end === undefined ? rows : rows.filter((row) => comparePositions(row, end) <= 0), end };
}

async function readPartition<Row extends ListPosition>(
  { client, table, index, toRow }: OwnerRows<Row>,
  partition: string,
  position: ListPosition | undefined,
  limit: number,
): Promise<OwnerWindow<Row>> {
  const after = position === undefined ? '' : ` AND ${CREATED_KEY.name} < :position`;
  const command = new QueryCommand({
    TableName: table,
    ...(index === undefined ? {} : { IndexName: index }),
    KeyConditionExpression: `${OWNER_SHARD.name} = :partition${after}`,
    ExpressionAttributeValues: {
      ':partition': S(partition),
      ...(position === undefined ? {} : { ':position': S(createdKey(position)) }),
    },
    ScanIndexForward: false,
    Limit: limit,
  });
  const { Items = [], LastEvaluatedKey } = await translated('store_unavailable', () => client.send(command));
  const key = { [OWNER_SHARD.name]: S(partition) };
  const rows = Items.map((item) => toRow(rowOf(key, item)));
  return { rows, end: LastEvaluatedKey === undefined ? undefined : rows.at(-1) };
}
