import { createHash } from 'node:crypto';
import { ModelyardError } from './errors.ts';
import type { Task } from './task.ts';

/** Where a task stands in its owner's list, which goes from the newest to the oldest. */
export type TaskPosition = Pick<Task, 'id' | 'createdAt'>;

/** Negative when `a` is listed before `b`: newer first, then by descending id. */
export function comparePositions(a: TaskPosition, b: TaskPosition): number {
  if (a.createdAt !== b.createdAt) return b.createdAt - a.createdAt;
  if (a.id === b.id) return 0;
  return a.id > b.id ? -1 : 1;
}

/** An opaque cursor behind the last task of a page; it reads back only for the same owner. */
export function encodeCursor(owner: string, { createdAt, id }: TaskPosition): string {
  const position = `${createdAt}/${id}`;
  return Buffer.from(`${checksum(owner, position)}/${position}`).toString('base64url');
}

/** Throws `invalid_request` for anything that `encodeCursor` did not make for this owner. */
export function decodeCursor(owner: string, cursor: string): TaskPosition {
  const text = Buffer.from(cursor, 'base64url').toString();
  const { sum, createdAt, id } = /^(?<sum>[\w-]{16})\/(?<createdAt>\d{1,16})\/(?<id>.+)$/.exec(text)?.groups ?? {};
  if (createdAt === undefined || id === undefined || sum !== checksum(owner, `${createdAt}/${id}`)) {
    throw new ModelyardError('invalid_request', 'The cursor is not one that this list gave out.');
  }
  return { createdAt: Number(createdAt), id };
}

/** Not a secret: it tells a mangled or borrowed cursor from an issued one, and owners only ever read their own tasks. */
const checksum = (owner: string, position: string): string =>
  createHash('sha256')
    .update(JSON.stringify([owner, position]))
    .digest('base64url')
    .slice(0, 16);
