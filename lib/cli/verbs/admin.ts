import { wholeNumber } from '../arguments.ts';
import type { AddVerb } from '../program.ts';
import { sessionOf } from '../session.ts';

interface Key {
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
  readonly expires_at: string;
  readonly key?: string;
}

interface Call {
  readonly time: string;
  readonly user_id: string | null;
  readonly method: string;
  readonly route: string;
  readonly model: string | null;
  readonly status: number;
  readonly duration_ms: number;
  readonly task_id: string | null;
}

interface CallOptions {
  readonly all?: boolean;
  readonly user?: string;
  readonly model?: string;
  readonly status?: string;
  readonly limit: number;
}

interface CreateOptions {
  readonly days?: number;
  readonly scopes?: string;
  readonly models?: string;
}

const listOf = (text: string | undefined) => (text === undefined ? undefined : text.split(','));

/** `keys` and `calls`. */
export const addAdmin: AddVerb = (program, io) => {
  const keys = program.command('keys');
  keys
    .command('list', { isDefault: true })
    .description('lists my API keys')
    .action(async (_, command) => {
      const { api, output } = await sessionOf(command, io);
      const { keys: all } = await api.request<{ keys: readonly Key[] }>('GET', '/users/me/keys');
      output.list(all, {
        key: ({ id }) => id,
        name: ({ name }) => name,
        'begins with': ({ prefix }) => prefix,
        expires: ({ expires_at }) => expires_at,
      });
    });
  keys
    .command('create')
    .description('creates an API key and prints it once')
    .argument('<name>')
    .option('--days <number>', 'days until it expires', wholeNumber(1, 3650))
    .option('--scopes <list>', 'predict, read, operate; separated by commas')
    .option('--models <list>', 'names of models, separated by commas')
    .action(async (name: string, { days, scopes, models }: CreateOptions, command) => {
      const { api, output } = await sessionOf(command, io);
      const expires = days === undefined ? {} : { expires_in_days: days };
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
    .command('calls')
    .option('--all', 'those of every user, for admins')
    .option('--user <name>', 'those of one user, for admins')
    .option('--model <name>', 'only those of this model')
    .option('--status <number>', 'only those that were answered so')
    .option('--limit <number>', 'at most so many, 1 to 100', wholeNumber(1, 100), 20)
    .action(async ({ all, limit, ...filters }: CallOptions, command) => {
      const { api, output } = await sessionOf(command, io);
      const path = all || filters.user !== undefined ? '/calls' : '/users/me/calls';
      const query = new URLSearchParams({ ...filters, limit: String(limit) });
      const { calls } = await api.request<{ calls: readonly Call[] }>('GET', `${path}?${query}`);
      output.list(calls, {
        time: ({ time }) => time,
        user: ({ user_id }) => user_id,
        route: ({ method, route }) => `${method} ${route}`,
        model: ({ model }) => model,
        status: ({ status }) => status,
        ms: ({ duration_ms }) => duration_ms,
        task: ({ task_id }) => task_id,
      });
    });
};
