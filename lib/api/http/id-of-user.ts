import type { UserStore } from '#core';

/** The id of a user, by id or name. An id first, because a user may be named like one. */
export async function idOfUser(users: UserStore | undefined, user: string): Promise<string> {
  const known = (await users?.get(user)) ?? (await users?.findByName(user));
  // A user who was deleted, or who is not in the store.
  return known?.id ?? user;
}
