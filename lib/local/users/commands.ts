import { writeFile } from 'node:fs/promises';
import { eraseEverywhere } from '#api/erase-traces.ts';
import {
  addUser,
  allUsers,
  changedLimits,
  changeUser,
  createKey,
  hashPassword,
  isUserId,
  ModelyardError,
  USER_ROLES,
  type User,
  type UserStore,
} from '#core';
import { carryOver } from './carry-over.ts';
import { exportUser } from './export-user.ts';
import { type ImportOptions, importUsers } from './import-users.ts';
import type { OpenedUsers, UsersOptions } from './open-users.ts';
import { newPassword, toLimits, toRole, toScope } from './words.ts';

/** Resolves with what is printed. */
export type UsersCommand = (
  store: OpenedUsers,
  args: readonly string[],
  options: UsersOptions,
  /** Only of an import. */
  watch: () => ImportOptions,
) => Promise<string | AsyncIterable<string>>;

/** All commands on users by name, with the number of their arguments. */
export const COMMANDS: Readonly<Record<string, { readonly takes: number; readonly run: UsersCommand }>> = {
  add: {
    takes: 1,
    async run(store, [name = ''], { role }) {
      const password = newPassword();
      await addUser(store.users, store.clock, { name, password, role: toRole(role ?? USER_ROLES[0]) });
      return `${name},${password}\n`;
    },
  },
  import: { takes: 1, run: async (store, [file = ''], _, watch) => importUsers(store, file, watch()) },
  disable: { takes: 1, run: (store, [name = '']) => change(store, name, (user) => ({ ...user, isDisabled: true })) },
  enable: { takes: 1, run: (store, [name = '']) => change(store, name, (user) => ({ ...user, isDisabled: false })) },
  role: {
    takes: 2,
    run(store, [name = '', text = '']) {
      const role = toRole(text);
      return change(store, name, (user) => ({ ...user, role }));
    },
  },
  password: {
    takes: 1,
    async run(store, [name = '']) {
      const password = newPassword();
      const passwordHash = await hashPassword(password);
      await change(store, name, (user) => ({
        ...user,
        passwordHash,
        credentials: (user.credentials ?? []).filter(({ kind }) => kind === 'key'),
      }));
      return `${name},${password}\n`;
    },
  },
  key: {
    takes: 1,
    async run({ users, clock }, [name = ''], { scopes }) {
      const { id: userId } = await find(users, name);
      const limits = scopes === undefined ? {} : { scopes: scopes.split(',').map(toScope) };
      return `${(await createKey(users, clock, { userId, name: 'made by npm run users', ...limits })).secret}\n`;
    },
  },
  delete: {
    takes: 1,
    async run(store, [name = ''], { export: file }) {
      // The id allows deleting remaining data later.
      const id = (await store.users.findByName(name))?.id ?? name;
      const data = await store.data();
      if (file !== undefined)
        await writeFile(file, await exportUser(data, await find(store.users, name)), { mode: 0o600 });
      const isKnown = await eraseEverywhere(data, id);
      // Data of a deleted user is deleted by the id.
      if (!isKnown && !isUserId(id)) throw unknownUser(name);
      return `Deleted ${name}. A minute later, delete ${id} too: requests of now may leave something behind.\n`;
    },
  },
  export: {
    takes: 1,
    run: async (store, [name = '']) => exportUser(await store.data(), await find(store.users, name)),
  },
  limits: {
    takes: 2,
    run(store, [name = '', text = '']) {
      const asked = toLimits(text);
      return change(store, name, (user) => {
        const { limits: own, ...others } = user;
        const limits = changedLimits(own, asked);
        return { ...others, ...(limits ? { limits } : {}) };
      });
    },
  },
  'carry-over': {
    takes: 1,
    run: ({ users }, [url = ''], { prefix }) => carryOver(users, { url, ...(prefix === undefined ? {} : { prefix }) }),
  },
  // Of a file, not of a user.
  'rotate-keys': { takes: 0, run: async () => '' },
  list: {
    takes: 0,
    async run({ users }) {
      const lines = ['username,role,state,created_at'];
      for await (const { name, role, isDisabled, createdAt } of allUsers(users)) {
        lines.push([cell(name), role, isDisabled ? 'disabled' : 'active', new Date(createdAt).toISOString()].join());
      }
      return `${lines.join('\n')}\n`;
    },
  },
};

/** Names of other issuers may have commas. */
const cell = (text: string): string => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

async function change(store: OpenedUsers, name: string, by: (user: User) => User): Promise<string> {
  const user = await changeUser(store, (await find(store.users, name)).id, by);
  return `${name} is ${user?.isDisabled ? 'disabled' : 'active'} and has the role ${user?.role}.\n`;
}

async function find(users: UserStore, name: string): Promise<User> {
  const user = await users.findByName(name);
  if (!user) throw unknownUser(name);
  return user;
}

const unknownUser = (name: string) => new ModelyardError('user_not_found', `There is no user ${name}.`);
