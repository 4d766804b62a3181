import { createHash, randomBytes } from 'node:crypto';
import { type User, userNameKey } from './user.ts';

/** Bytes of the hash of a name that an id begins with, and of chance that it ends with; multiples of three fill their characters. */
const PLACE_BYTES = 15;
const CHANCE_BYTES = 9;

const PLACE_LENGTH = (PLACE_BYTES / 3) * 4;
const USER_ID = /^[\w-]{32}$/;

/**
 * Where a store keeps the user of a name: short, safe in any key, and the same for every way to write it.
 * One row there answers for the name and for the id, so that one conditional write registers somebody.
 */
export const placeOfName = (name: string): string =>
  createHash('sha256').update(userNameKey(name)).digest().subarray(0, PLACE_BYTES).toString('base64url');

/** Where a store keeps the user of an id; undefined for what cannot be the id of a user. */
export const placeOfId = (id: string): string | undefined => (USER_ID.test(id) ? id.slice(0, PLACE_LENGTH) : undefined);

/** The user of an id, through the way in which a store reads a place; undefined for the id of nobody. */
export async function userOfId(
  id: string,
  read: (place: string) => Promise<User | undefined>,
): Promise<User | undefined> {
  const place = placeOfId(id);
  const user = place === undefined ? undefined : await read(place);
  return user?.id === id ? user : undefined;
}

/**
 * An id for somebody of this name: the place of the name, then chance, so that a name that is free again makes another.
 * Whoever knows a name can tell whether an id is of it: ids are for their owners and for admins.
 */
export const newUserId = (name: string): string =>
  `${placeOfName(name)}${randomBytes(CHANCE_BYTES).toString('base64url')}`;
