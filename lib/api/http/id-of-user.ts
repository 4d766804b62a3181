import type { UserStore } from '#core';
import type { FieldRule } from './body-fields.ts';

/** Completes "must be". Not every store takes control characters, and no name has them. */
export const aUser: FieldRule = (value) =>
  typeof value === 'string' && !/\p{Cc}/u.test(value) ? undefined : 'the id or the name of a user';

/** The id of a user, by id or name. An id first, because a user may be named like one. */
export async function idOfUser(users: UserStore | undefined, user: string): Promise<string> {
  const known = (await users?.get(user)) ?? (await users?.findByName(user));
  // A user who was deleted, or who is not in the store.
  return known?.id ?? user;
}
