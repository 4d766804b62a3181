import { createHash } from 'node:crypto';
import { ModelyardError } from './errors.ts';

/** The position in a list of one owner, which is sorted newest first. */
export interface ListPosition {
  readonly id: string;
  /** Unix milliseconds. */
  readonly createdAt: number;
}

export interface OwnerList {
  readonly of: 'tasks' | 'calls';
  readonly owner: string;
}

/** Negative when `a` comes before `b`: newer first, then by descending id. */
export function comparePositions(a: ListPosition, b: ListPosition): number {
  if (a.createdAt !== b.createdAt) return b.createdAt - a.createdAt;
  if (a.id === b.id) return 0;
  return a.id > b.id ? -1 : 1;
}

/** An opaque cursor after this row. It is valid for the same list only. */
export function encodeCursor(list: OwnerList, { createdAt, id }: ListPosition): string {
  const position = `${createdAt}/${id}`;
  return Buffer.from(`${checksum(list, position)}/${position}`).toString('base64url');
}

/** Throws `invalid_request` for a cursor of another list or a malformed one. */
export function decodeCursor(list: OwnerList, cursor: string): ListPosition {
  const text = Buffer.from(cursor, 'base64url').toString();
  const { sum, createdAt, id } = /^(?<sum>[\w-]{16})\/(?<createdAt>\d{1,16})\/(?<id>.+)$/.exec(text)?.groups ?? {};
  if (createdAt === undefined || id === undefined || sum !== checksum(list, `${createdAt}/${id}`)) {
    throw new ModelyardError('invalid_request', 'The cursor is not one that this list gave out.');
  }
  return { createdAt: Number(createdAt), id };
}

/** Detects malformed and foreign cursors. It is no secret: owners only read their own lists. */
const checksum = ({ of, owner }: OwnerList, position: string): string =>
  createHash('sha256')
    .update(JSON.stringify([of, owner, position]))
    .digest('base64url')
    .slice(0, 16);

/** Splits items into batches of at most `size`, in order. */
export const inBatches = <T>(items: readonly T[], size: number): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));
