import { aUser, type HandlerDeps, type HttpRequest, idOfUser } from '#api';
import { allUsers, ModelyardError, type UserStore } from '#core';

/** Users whose lists one request merges. */
const MAX_OWNERS = 500;

/** Whose tasks an admin asks for. Undefined: the caller's own. */
export async function otherOwners(
  { users }: Pick<HandlerDeps, 'users'>,
  { caller, query }: HttpRequest,
): Promise<string[] | undefined> {
  const [isAll, user] = [query.flag('all'), query.matching('user', aUser)];
  if (!isAll && user === undefined) return undefined;
  // A key of an admin with limits is for less.
  if (caller.role !== 'admin' || caller.scopes || caller.models) {
    throw new ModelyardError('forbidden', 'Only admins see the tasks of other users.');
  }
  if (user !== undefined) return [await idOfUser(users, user)];
  return [...new Set([caller.id, ...(users ? await idsOf(users) : [])])];
}

async function idsOf(users: UserStore): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of allUsers(users)) {
    ids.push(id);
    if (ids.length > MAX_OWNERS) {
      throw new ModelyardError('invalid_request', `There are more than ${MAX_OWNERS} users: name one by ?user=.`);
    }
  }
  return ids;
}
