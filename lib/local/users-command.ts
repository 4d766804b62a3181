import type { EventEmitter } from 'node:events';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { LIMIT_FIELDS, SCOPES, USER_ROLES } from '#core';
import { stopRequests } from '#gateway/stop-requests.ts';
import { COMMANDS } from './users/commands.ts';
import type { ImportOptions } from './users/import-users.ts';
import { type OpenedUsers, openUsers, rotateKeys, USERS_OPTIONS } from './users/open-users.ts';
import { describe } from './users/words.ts';

const HELP = `Adds and changes users, on every platform, also while registration is closed.

Usage: npm run users -- <command> [options]

  add <name>             adds a user and prints a password
  import <file>          adds the users of a CSV file with the columns username, role and password;
                         role and password may be missing; import it again after a stop
  disable <name>         refuses the user, within a minute; enable undoes it
  role <name> <role>     changes the role: ${USER_ROLES.join(', ')}
  password <name>        gives the user a new password, prints it, and ends all sessions
  key <name>             creates an API key and prints it
  limits <name> <list>   sets limits of the user, for example burst=50,tasks_per_day=default:
                         ${Object.keys(LIMIT_FIELDS).join(', ')}
  export <name>          prints everything that is stored of the user, as lines of JSON
  delete <name>          deletes the user with all tasks, results, calls and keys; --export <file> exports before
  carry-over <redis url> adds the users that an earlier build kept in Redis; --prefix <prefix> of that system
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
  /** Emits the signals that stop an import. Other commands end at once. */
  readonly process: EventEmitter;
}

/** Runs one command. Resolves with the exit code: 0, 1 after a failure, 2 for invalid arguments. */
export async function runUsersCommand(args: readonly string[], streams: Streams): Promise<number> {
  const { output, errors } = streams;
  const asked = parse(args);
  if (!asked) {
    const isHelp = args.includes('--help');
    (isHelp ? output : errors).write(HELP);
    return isHelp ? 0 : 2;
  }
  try {
    if (asked.name === 'rotate-keys') {
      output.write(`Rotated the keys in ${await rotateKeys(asked.options, streams.environment)}.\n`);
      return 0;
    }
    const store = await openUsers(asked.options, streams.environment);
    try {
      const printed = await asked.run(store, () => ({
        say: (text) => void errors.write(text),
        stop: stopRequests({ process: streams.process, output }).stop,
      }));
      if (typeof printed === 'string') output.write(printed);
      else await pipeline(printed, output, { end: false });
    } finally {
      await store.close();
    }
    return 0;
  } catch (error) {
    errors.write(`${describe(error)}\n`);
    return 1;
  }
}

/** Undefined for anything that is not a command. */
function parse(args: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: USERS_OPTIONS, allowPositionals: true });
    const [name = '', ...rest] = positionals;
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (!command || rest.length !== command.takes) return undefined;
    return {
      name,
      options: values,
      run: (store: OpenedUsers, watch: () => ImportOptions) => command.run(store, rest, values, watch),
    };
  } catch {
    // Recovery: the help is printed.
    return undefined;
  }
}
