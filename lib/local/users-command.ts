import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { parseArgs } from 'node:util';
import {
  addUser,
  changeUser,
  createKey,
  hashPassword,
  ModelyardError,
  SCOPES,
  type Scope,
  USER_ROLES,
  type User,
  type UserRole,
  type UserStore,
} from '#core';
import { type OpenUsers, openUsers, rotateKeys } from './open-users.ts';

const HELP = `Adds and changes users, on every platform, also while registration is closed.

Usage: npm run users -- <command> [options]

  add <name>             adds a user and prints a password
  import <file>          adds the users of a CSV file with the columns username, role and password;
                         role and password may be missing
  disable <name>         refuses the user, within a minute; enable undoes it
  role <name> <role>     changes the role: ${USER_ROLES.join(', ')}
  password <name>        gives the user a new password, prints it, and ends all sessions
  key <name>             creates an API key and prints it
  delete <name>          deletes the user with all keys
  list                   prints all users
  rotate-keys            adds a key that signs tokens from two minutes later on; tokens of the one before stay valid

  --role <role>          of a new user (default ${USER_ROLES[0]})
  --scopes <list>        of a new key, separated by commas: ${SCOPES.join(', ')}
  --stage <stage>        users of a stage on AWS, with your credentials
  --data <folder>        users of npm start (default .modelyard); otherwise PLATFORM and its settings
`;

interface Streams {
  readonly environment: NodeJS.ProcessEnv;
  readonly output: Writable;
  readonly errors: Writable;
}

/** Runs one command. Resolves with the exit code: 0, 1 after a failure, 2 for arguments that make no sense. */
export async function runUsersCommand(args: readonly string[], streams: Streams): Promise<number> {
  const { output, errors } = streams;
  const asked = parse(args);
  if (!asked) {
    const isHelp = args.includes('--help');
    (isHelp ? output : errors).write(HELP);
    return isHelp ? 0 : 2;
  }
  try {
    output.write(await asked.run(streams.environment));
    return 0;
  } catch (error) {
    errors.write(`${describe(error)}\n`);
    return 1;
  }
}

/** Without the values, which may be passwords. */
function describe(error: unknown): string {
  if (!(error instanceof ModelyardError)) return error instanceof Error ? error.message : String(error);
  return [error.message, ...error.errors.map(({ pointer, message }) => `${pointer.slice(1)}: ${message}`)].join(' ');
}

const OPTIONS = {
  role: { type: 'string' },
  scopes: { type: 'string' },
  stage: { type: 'string' },
  data: { type: 'string' },
} as const;
type Options = Partial<Record<keyof typeof OPTIONS, string>>;
type On<T> = (to: T, args: readonly string[], options: Options) => Promise<string>;
type Command = { readonly takes: number } & (
  | { readonly run: On<OpenUsers> }
  | { readonly alone: On<NodeJS.ProcessEnv> }
);

/** Undefined for anything that is not a command. */
function parse(args: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
    const [name = '', ...rest] = positionals;
    const row = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (!row || rest.length !== row.takes) return undefined;
    const command = 'alone' in row ? row.alone : withUsers(row.run);
    return { run: (environment: NodeJS.ProcessEnv) => command(environment, rest, values) };
  } catch {
    // Recovery: the help is printed.
    return undefined;
  }
}

/** Opens the users for one command. */
const withUsers =
  (run: On<OpenUsers>): On<NodeJS.ProcessEnv> =>
  async (environment, args, options) => {
    const store = await openUsers(options, environment);
    try {
      return await run(store, args, options);
    } finally {
      await store.close();
    }
  };

const COMMANDS: Readonly<Record<string, Command>> = {
  add: {
    takes: 1,
    async run(store, [name = ''], { role }) {
      const password = newPassword();
      await addUser(store.users, store.clock, { name, password, role: toRole(role ?? USER_ROLES[0]) });
      return `${name},${password}\n`;
    },
  },
  import: { takes: 1, run: (store, [file = '']) => importUsers(store, file) },
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
    async run({ users }, [name = '']) {
      await users.delete((await find(users, name)).id);
      return `Deleted ${name}.\n`;
    },
  },
  // Works while the users cannot be reached.
  'rotate-keys': {
    takes: 0,
    alone: async (environment, _, place) => `Rotated the keys in ${await rotateKeys(place, environment)}.\n`,
  },
  list: {
    takes: 0,
    async run({ users }) {
      const lines = ['username,role,state,created_at'];
      for await (const { name, role, isDisabled, createdAt } of allOf(users)) {
        lines.push([name, role, isDisabled ? 'disabled' : 'active', new Date(createdAt).toISOString()].join());
      }
      return `${lines.join('\n')}\n`;
    },
  },
};

async function change({ users }: OpenUsers, name: string, by: (user: User) => User): Promise<string> {
  const user = await changeUser(users, (await find(users, name)).id, by);
  return `${name} is ${user?.isDisabled ? 'disabled' : 'active'} and has the role ${user?.role}.\n`;
}

async function find(users: UserStore, name: string): Promise<User> {
  const user = await users.findByName(name);
  if (!user) throw new ModelyardError('user_not_found', `There is no user ${name}.`);
  return user;
}

async function* allOf(users: UserStore): AsyncGenerator<User> {
  let cursor: string | undefined;
  do {
    const page = await users.list({ limit: 100, ...(cursor === undefined ? {} : { cursor }) });
    yield* page.users;
    cursor = page.nextCursor;
  } while (cursor !== undefined);
}

/** Adds every user of the file that can be added. Rejects when some cannot be, with their lines. */
async function importUsers({ users, clock }: OpenUsers, file: string): Promise<string> {
  const [head = '', ...lines] = (await readFile(file, 'utf8')).split(/\r?\n/).filter((line) => line.trim() !== '');
  const columns = head
    .replace(/^\uFEFF/, '')
    .split(',')
    .map((column) => column.trim().toLowerCase());
  if (!columns.includes('username')) throw new Error(`The first line of ${file} must name the column username.`);
  const added: string[] = [];
  const faults: string[] = [];
  for (const [at, line] of lines.entries()) {
    const cells = line.split(',').map((cell) => cell.trim());
    const cell = (column: string) => cells[columns.indexOf(column)] || undefined;
    const given = cell('password');
    const [name, password] = [cell('username') ?? '', given ?? newPassword()];
    try {
      if (cells.length > columns.length) throw new Error('There are more cells than columns.');
      await addUser(users, clock, { name, password, role: toRole(cell('role') ?? USER_ROLES[0]) });
      added.push(given === undefined ? `${name},${password}` : `${name},`);
    } catch (error) {
      faults.push(`Line ${at + 2}: ${describe(error)}`);
    }
  }
  if (faults.length > 0) throw new Error([`Added ${added.length} users.`, ...added, ...faults].join('\n'));
  return ['username,password', ...added, ''].join('\n');
}

/** 112 random bits in characters that are easy to type. */
const newPassword = (): string => Array.from({ length: 4 }, () => randomBytes(4).toString('hex').slice(0, 7)).join('-');

function toRole(text: string): UserRole {
  const role = USER_ROLES.find((known) => known === text);
  if (!role) throw new Error(`The role must be one of ${USER_ROLES.join(', ')}, not ${text}.`);
  return role;
}

function toScope(text: string): Scope {
  const scope = SCOPES.find((known) => known === text);
  if (!scope) throw new Error(`A scope must be one of ${SCOPES.join(', ')}, not ${text}.`);
  return scope;
}
