import { createHash, randomBytes } from 'node:crypto';
import { ModelyardError } from '../errors.ts';
import { type User, userNameKey } from './user.ts';

/** An id is the name key followed by random bytes. Multiples of three bytes fill base64url characters completely. */
const NAME_KEY_BYTES = 15;
const RANDOM_BYTES = 9;

const NAME_KEY_LENGTH = (NAME_KEY_BYTES / 3) * 4;
const USER_ID = /^[\w-]{32}$/;

/**
 * The row key of a user: a hash of the folded name. One row serves lookups by name and by id, so one conditional write
 * registers a user.
 */
export const nameKeyOf = (name: string): string =>
  createHash('sha256').update(userNameKey(name)).digest().subarray(0, NAME_KEY_BYTES).toString('base64url');

/** Whether the text has the form of a user id. */
export const isUserId = (text: string): boolean => USER_ID.test(text);

/** The row key in a user id. Undefined for text that is not an id. */
export const nameKeyOfId = (id: string): string | undefined =>
  isUserId(id) ? id.slice(0, NAME_KEY_LENGTH) : undefined;

const NAME_KEY = /^[\w-]{20}$/;

/** The row key after which a list of users goes on, by the cursor of the page before. Throws `invalid_request`. */
export function userCursor(cursor: string | undefined): string {
  if (cursor === undefined || NAME_KEY.test(cursor)) return cursor ?? '';
  throw new ModelyardError('invalid_request', 'The cursor is not one that this list returned.');
}

/** Finds a user by id with the store's read by row key. */
export async function findUserById(
  id: string,
  read: (nameKey: string) => Promise<User | undefined>,
): Promise<User | undefined> {
  const nameKey = nameKeyOfId(id);
  const user = nameKey === undefined ? undefined : await read(nameKey);
  return user?.id === id ? user : undefined;
}

/**
 * A new id for a user of this name. Random bytes make ids unique when a name is used again. Ids reveal a hash of the
 * name: show them only to their owner and to admins.
 */
export const newUserId = (name: string): string =>
  `${nameKeyOf(name)}${randomBytes(RANDOM_BYTES).toString('base64url')}`;
