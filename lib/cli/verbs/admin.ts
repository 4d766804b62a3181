import type { AddVerb } from '../program.ts';
import { sessionOf } from '../session.ts';

interface User {
  readonly id: string;
  readonly username: string;
  readonly role: string;
  readonly disabled: boolean;
}

interface Key {
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
  readonly expires_at: string;
  readonly key?: string;
}

interface Call {
  readonly at: string;
  readonly [field: string]: unknown;
}

interface CreateOptions {
  readonly days?: string;
  readonly scopes?: string;
  readonly models?: string;
}

const listOf = (text: string | undefined) => (text === undefined ? undefined : text.split(','));

/** `keys`, `users` and `calls`. */
export const addAdmin: AddVerb = (program, io) => {
  const keys = program.command('keys').description('lists, creates and revokes my API keys');
  keys
    .command('list', { isDefault: true })
    .description('lists my API keys')
    .action(async (_, command) => {
      const { api, output } = await sessionOf(command, io);
      const { keys: all } = await api.request<{ keys: readonly Key[] }>('GET', '/users/me/keys');
      output.show(all, () =>
        output.table(
          ['key', 'name', 'begins with', 'expires'],
          all.map((key) => [key.id, key.name, key.prefix, key.expires_at]),
        ),
      );
    });
  keys
    .command('create')
    .description('creates an API key and prints it once')
    .argument('<name>')
    .option('--days <number>', 'days until it expires')
    .option('--scopes <list>', 'predict, read, operate; separated by commas')
    .option('--models <list>', 'names of models, separated by commas')
    .action(async (name: string, { days, scopes, models }: CreateOptions, command) => {
      const { api, output } = await sessionOf(command, io);
      const expires = days === undefined ? {} : { expires_in_days: Number(days) };
      const body = { name, ...expires, scopes: listOf(scopes), models: listOf(models) };
      const key = await api.request<Key>('POST', '/users/me/keys', body);
      output.show(key, () => [String(key.key)]);
    });
  keys
    .command('revoke')
    .description('deletes an API key')
    .argument('<key>')
    .action(async (id: string, _, command) => {
      const { api, output } = await sessionOf(command, io);
      await api.request('DELETE', `/users/me/keys/${encodeURIComponent(id)}`);
      output.show({ id }, () => [`${id} is refused within a minute.`]);
    });

  program
    .command('users')
    .description('lists the users, for admins')
    .action(async (_, command) => {
      const { api, output } = await sessionOf(command, io);
      const { users } = await api.request<{ users: readonly User[] }>('GET', '/users?limit=100');
      output.show(users, () =>
        output.table(
          ['user', 'name', 'role', 'disabled'],
          users.map((user) => [user.id, user.username, user.role, user.disabled ? 'disabled' : '']),
        ),
      );
    });

  program
    .command('calls')
    .description('lists my calls, or with --all those of every user, for admins')
    .option('--all', 'those of every user')
    .action(async ({ all }: { all?: boolean }, command) => {
      const { api, output } = await sessionOf(command, io);
      const { calls } = await api.request<{ calls: readonly Call[] }>('GET', all ? '/calls' : '/users/me/calls');
      const titles = Object.keys(calls[0] ?? { at: '' });
      output.show(calls, () =>
        output.table(
          titles,
          calls.map((call) => titles.map((title) => String(call[title] ?? '-'))),
        ),
      );
    });
};
