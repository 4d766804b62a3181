import { createHash } from 'node:crypto';
import type { ListPosition } from '#core';
import { type Item, readString, S } from '../attributes.ts';
import { CREATED_KEY, OWNER_SHARD, OWNER_SHARDS } from '../resources.ts';

/** The attributes by which a row is in its owner's list. They never change, so an index is written once. */
export const ownerKey = ({ id, owner, createdAt }: ListPosition & { readonly owner: string }): Item => ({
  [OWNER_SHARD.name]: S(ownerPartition(owner, shardOf(id))),
  [CREATED_KEY.name]: S(createdKey({ id, createdAt })),
});

/** Every partition that holds rows of this owner. */
export const ownerPartitions = (owner: string): readonly string[] =>
  Array.from({ length: OWNER_SHARDS }, (_, shard) => ownerPartition(owner, shard));

/** Sorts as a list does, backwards: by time and id. */
export const createdKey = ({ id, createdAt }: ListPosition): string => `${String(createdAt).padStart(16, '0')}#${id}`;

/** Where a row with these attributes stands. */
export function readPosition(item: Item): ListPosition {
  const created = readString(item, CREATED_KEY.name);
  const at = created.indexOf('#');
  return { id: created.slice(at + 1), createdAt: Number(created.slice(0, at)) };
}

const ownerPartition = (owner: string, shard: number): string => `${shard}#${owner}`;

/** By the id's hash, not its prefix: ids start with the time. */
const shardOf = (id: string): number => createHash('sha256').update(id).digest().readUInt32BE() % OWNER_SHARDS;
