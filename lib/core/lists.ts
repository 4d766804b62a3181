import { createHash } from 'node:crypto';
import { ModelyardError } from './errors.ts';

/** The position in a list of one owner, which is sorted newest first. */
export interface ListPosition {
  readonly id: string;
  /** Unix milliseconds. */
  readonly createdAt: number;
}

interface OwnerList {
  readonly of: 'tasks' | 'calls' | 'dead-letters';
  readonly owner: string;
}

/** Negative when `a` comes before `b`: newer first, then by descending id. */
export function comparePositions(a: ListPosition, b: ListPosition): number {
  if (a.createdAt !== b.createdAt) return b.createdAt - a.createdAt;
  if (a.id === b.id) return 0;
  return a.id > b.id ? -1 : 1;
}

/** Reads and writes the cursors of one list. Cursors are opaque and valid for their own list only. */
export const cursorsOf = (list: OwnerList) => ({
  /** The position after which the page starts. Undefined without a cursor. Throws `invalid_request`. */
  after: (cursor: string | undefined): ListPosition | undefined =>
    cursor === undefined ? undefined : decode(list, cursor),

  /** The cursor of the next page as a member of this one. `last`: the last row of this page if there is a next one. */
  next: (last: ListPosition | undefined): { readonly nextCursor?: string } =>
    last === undefined ? {} : { nextCursor: encode(list, last) },
});

function encode(list: OwnerList, { createdAt, id }: ListPosition): string {
  const position = `${createdAt}/${id}`;
  return Buffer.from(`${checksum(list, position)}/${position}`).toString('base64url');
}

function decode(list: OwnerList, cursor: string): ListPosition {
  const text = Buffer.from(cursor, 'base64url').toString();
  const { sum, createdAt, id } = /^(?<sum>[\w-]{16})\/(?<createdAt>\d{1,16})\/(?<id>.+)$/.exec(text)?.groups ?? {};
  if (createdAt === undefined || id === undefined || sum !== checksum(list, `${createdAt}/${id}`)) {
    throw new ModelyardError('invalid_request', 'The cursor is not one that this list returned.');
  }
  return { createdAt: Number(createdAt), id };
}

/** Detects malformed and foreign cursors. It is no secret: owners only read their own lists. */
const checksum = ({ of, owner }: OwnerList, position: string): string =>
  createHash('sha256')
    .update(JSON.stringify([of, owner, position]))
    .digest('base64url')
    .slice(0, 16);

interface GroupLimits<T> {
  readonly sizeOf: (item: T) => number;
  /** Of the sizes of a group together. A larger item is a group of its own. */
  readonly maxSize: number;
  /** @default any number */
  readonly maxItems?: number;
}

/** Splits items into groups within these limits, in order. */
export function* inGroups<T>(
  items: readonly T[],
  { sizeOf, maxSize, maxItems = Number.POSITIVE_INFINITY }: GroupLimits<T>,
): Generator<readonly T[]> {
  let group: T[] = [];
  let size = 0;
  for (const item of items) {
    const own = sizeOf(item);
    if (group.length === maxItems || (group.length > 0 && size + own > maxSize)) {
      yield group;
      group = [];
      size = 0;
    }
    group.push(item);
    size += own;
  }
  if (group.length > 0) yield group;
}

/** Splits items into batches of at most `size`, in order. */
export const inBatches = <T>(items: readonly T[], size: number): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));
