import { ModelyardError, packAccount, USER_ROLES, type User, unpackAccount } from '#core';
import { type Item, N, readNumber, readString, S } from '../attributes.ts';

/** The attributes that `update` writes. */
export const toMutableUserItem = (user: User) => ({
  role: S(user.role),
  passwordHash: S(user.passwordHash),
  version: N(user.version),
  account: S(packAccount(user)),
});

export const toUserItem = (user: User): Item => ({
  ...toMutableUserItem(user),
  id: S(user.id),
  name: S(user.name),
  createdAt: N(user.createdAt),
});

export function fromUserItem(item: Item): User {
  const role = USER_ROLES.find((candidate) => candidate === readString(item, 'role'));
  if (role === undefined) throw new ModelyardError('internal', 'A stored user has an unknown role.');
  return {
    id: readString(item, 'id'),
    name: readString(item, 'name'),
    role,
    passwordHash: readString(item, 'passwordHash'),
    createdAt: readNumber(item, 'createdAt'),
    version: readNumber(item, 'version'),
    ...unpackAccount(item.account?.S),
  };
}
