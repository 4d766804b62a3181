import { Option } from 'commander';
import type { Modelyard } from '#client';
import { Misuse } from '../arguments.ts';
import type { AddVerb } from '../program.ts';
import { sessionOf } from '../session.ts';

interface User {
  readonly id: string;
  readonly username: string;
  readonly role: string;
  readonly disabled: boolean;
}

interface UserPage {
  readonly users: readonly User[];
  readonly next_cursor: string | null;
}

interface ChangeOptions {
  readonly role?: string;
  readonly disable?: boolean;
  readonly enable?: boolean;
  readonly limit?: readonly string[];
}

/** `users [list|change|delete]`, for admins. */
export const addUsers: AddVerb = (program, io) => {
  const users = program.command('users');
  users
    .command('list', { isDefault: true })
    .description('lists the users')
    .action(async (_, command) => {
      const { api, output } = await sessionOf(command, io);
      output.list(await everyUser(api), {
        user: ({ id }) => id,
        name: ({ username }) => username,
        role: ({ role }) => role,
        disabled: ({ disabled }) => (disabled ? 'disabled' : ''),
      });
    });
  users
    .command('change')
    .description('changes a user, by name or id')
    .argument('<user>')
    .addOption(new Option('--role <role>', 'what the user may do').choices(['user', 'operator', 'admin']))
    .option('--disable', 'refuses the user from now on')
    .option('--enable', 'lets a disabled user in again')
    .option('--limit <name=value...>', 'another limit, for example burst=50; burst= for that of the role')
    .action(async (name: string, { role, disable, enable, limit }: ChangeOptions, command) => {
      const { api, output } = await sessionOf(command, io);
      const body = {
        ...(role === undefined ? {} : { role }),
        ...(disable || enable ? { disabled: disable === true } : {}),
        ...(limit === undefined ? {} : { limits: limitsOf(limit) }),
      };
      const user = await api.request<User>('PATCH', `/users/${encodeURIComponent(await idOf(api, name))}`, body);
      output.show(user, () => [`${user.username} (${user.role})${user.disabled ? ', disabled' : ''}`]);
    });
  users
    .command('delete')
    .description('deletes a user with tasks, calls and keys')
    .argument('<user>')
    .action(async (name: string, _, command) => {
      const { api, output } = await sessionOf(command, io);
      const id = await idOf(api, name);
      await api.request('DELETE', `/users/${encodeURIComponent(id)}`);
      output.show({ id }, () => [`${name} is deleted.`]);
    });
};

/** `burst=50` as a field, `burst=` as null, which is the limit of the role. */
const limitsOf = (pairs: readonly string[]): Readonly<Record<string, number | null>> =>
  Object.fromEntries(
    pairs.map((pair) => {
      const [, name = '', value = ''] = /^(\w+)=(\d*(?:\.\d+)?)$/.exec(pair) ?? [];
      if (name === '') throw new Misuse(`--limit takes a name and a number such as burst=50, not ${pair}.`);
      return [name, value === '' ? null : Number(value)];
    }),
  );

async function everyUser(api: Modelyard): Promise<readonly User[]> {
  const users: User[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const more: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page: UserPage = await api.request<UserPage>('GET', `/users?limit=100${more}`);
    users.push(...page.users);
    cursor = page.next_cursor;
  }
  return users;
}

async function idOf(api: Modelyard, name: string): Promise<string> {
  const known = (await everyUser(api)).find((user) => user.id === name || user.username === name);
  return known?.id ?? name;
}
