import { comparePositions, type ListPosition } from '#core';

/** A member of an owner's sorted set and its score, as Redis gives them. */
export interface ScoredMember {
  readonly value: string;
  readonly score: number;
}

/** An owner's sorted set, newest first; of the same moment, by descending member. */
export interface OwnerSet<Row extends ListPosition> {
  /** From the moment `from` ('+inf' or Unix ms) back, without the first `offset`. */
  members(from: number | '+inf', offset: number, count: number): Promise<readonly ScoredMember[]>;
  toRow(member: ScoredMember): Row;
}

/** `size` rows behind `after`, fewer only at the end. Those of the same moment are skipped by comparing. */
export async function rowsAfter<Row extends ListPosition>(
  { members, toRow }: OwnerSet<Row>,
  after: ListPosition | undefined,
  size: number,
): Promise<readonly Row[]> {
  const found: Row[] = [];
  for (let offset = 0; found.length < size; offset += size) {
    const read = await members(after?.createdAt ?? '+inf', offset, size);
    for (const row of read.map(toRow)) {
      if (found.length < size && (!after || comparePositions(after, row) < 0)) found.push(row);
    }
    if (read.length < size) break;
  }
  return found;
}
