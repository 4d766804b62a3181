import { createHash } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { type Call, comparePositions, DAY_MS, inBatches, type ListPosition, positionOfCall } from '#core';
import { B, type Item, N } from '../attributes.ts';
import { CALLS_TABLE } from '../resources.ts';
import { ownerKey, readPosition } from '../tasks/owner-window.ts';
import { fromCallItem } from './call-item.ts';

/** All calls of a pack began within this time, so a list reads only this much more than it shows. Divides a day. */
export const PACK_MS = 5000;
/** About 10 KB, far below the limit of a row. */
const MAX_CALLS = 100;

/** Calls of one owner in one row: a row of up to 1 KB costs the same as a row of one call. */
export interface CallPack extends ListPosition {
  /** Newest first. The position of the pack is not behind that of its newest call. */
  readonly calls: readonly Call[];
}

/** The name of the list of everybody's calls of a day, in place of an owner. No owner has a name with a space. */
export const listOfDay = ({ createdAt }: Pick<ListPosition, 'createdAt'>): string =>
  `calls of ${new Date(createdAt).toISOString().slice(0, 10)}`;

export const startOfDay = ({ createdAt }: ListPosition): number => createdAt - (createdAt % DAY_MS);

/** The position in the list of everybody's calls at which the day before ends. */
export const dayBefore = (position: ListPosition): ListPosition => ({ createdAt: startOfDay(position) - 1, id: '~' });

/** Newest first, each once. */
export const inOrder = (calls: readonly Call[]): readonly Call[] =>
  [...new Map(calls.map((call) => [call.id, call])).values()].sort((a, b) =>
    comparePositions(positionOfCall(a), positionOfCall(b)),
  );

/** The rows of calls of any owners. The same calls make the same rows. */
export function toPackItems(calls: readonly Call[], retentionMs: number): readonly Item[] {
  const groups = Map.groupBy(inOrder(calls), ({ owner, startedAt }) =>
    JSON.stringify([owner, Math.floor(startedAt / PACK_MS)]),
  );
  return [...groups.values()].flatMap((group) =>
    inBatches(group, MAX_CALLS).flatMap((batch) => toItems(batch, retentionMs)),
  );
}

function toItems(calls: readonly Call[], retentionMs: number): readonly Item[] {
  const [newest] = calls;
  if (!newest) return [];
  // Other calls with the same newest one are another row.
  const hash = createHash('sha256').update(JSON.stringify(calls.map(({ id }) => id)));
  const pack = { createdAt: newest.startedAt, id: `${newest.id}~${hash.digest('base64url').slice(0, 8)}` };
  const packed = {
    calls: B(deflateRawSync(JSON.stringify(calls))),
    [CALLS_TABLE.ttlAttribute]: N(Math.ceil((newest.startedAt + retentionMs) / 1000)),
  };
  return keysOf(newest.owner, pack).map((key) => ({ ...key, ...packed }));
}

/** The keys of a pack: in the list of its owner and in the list of its day. */
export const keysOf = (owner: string, { createdAt, id }: ListPosition): readonly Item[] =>
  [owner, listOfDay({ createdAt })].map((list) => ownerKey({ createdAt, id, owner: list }));

/** Reads a row. Those of earlier builds are one call. */
export function toPack(item: Item): CallPack {
  const packed = item.calls?.B;
  const calls = packed ? (JSON.parse(inflateRawSync(packed).toString()) as readonly Call[]) : [fromCallItem(item)];
  return { ...readPosition(item), calls };
}
