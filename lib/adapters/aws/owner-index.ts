import { createHash } from 'node:crypto';
import type { TaskPosition } from '#core';
import { type Item, readString, S } from './attributes.ts';
import { BY_OWNER_INDEX, OWNER_SHARDS } from './resources.ts';

/** A row of the by-owner index. */
export interface OwnerIndexRow extends TaskPosition {
  readonly model: string;
}

/** Index attributes of a task's row. They never change, so the index is written once. */
export const ownerIndexAttributes = ({ id, owner, createdAt }: TaskPosition & { readonly owner: string }): Item => ({
  [BY_OWNER_INDEX.partitionKey.name]: S(ownerPartition(owner, shardOf(id))),
  [BY_OWNER_INDEX.sortKey.name]: S(createdKey({ id, createdAt })),
});

/** Every partition that holds tasks of this owner. */
export const ownerPartitions = (owner: string): readonly string[] =>
  Array.from({ length: OWNER_SHARDS }, (_, shard) => ownerPartition(owner, shard));

/** Sorts as tasks do by time and id. */
export const createdKey = ({ id, createdAt }: TaskPosition): string => `${String(createdAt).padStart(16, '0')}#${id}`;

export function readOwnerIndexRow(item: Item): OwnerIndexRow {
  const created = readString(item, BY_OWNER_INDEX.sortKey.name);
  const at = created.indexOf('#');
  return { id: created.slice(at + 1), createdAt: Number(created.slice(0, at)), model: readString(item, 'model') };
}

const ownerPartition = (owner: string, shard: number): string => `${shard}#${owner}`;

/** By the id's hash, not its prefix: ids start with the time. */
const shardOf = (id: string): number => createHash('sha256').update(id).digest().readUInt32BE() % OWNER_SHARDS;
