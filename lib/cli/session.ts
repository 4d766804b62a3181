import type { Command } from 'commander';
import type { ClientOptions, Modelyard } from '#client';
import { Misuse } from './arguments.ts';
import type { Output } from './output.ts';
import type { Profile, Profiles } from './profiles.ts';
import type { CliIo } from './program.ts';

const DEFAULT_URL = 'http://localhost:8000';
const DEFAULT_PROFILE = 'default';
/** Longer waits are announced. */
const SHORT_WAIT_SECONDS = 3;

/** Dependencies of a verb that calls an API. */
export interface CliSession {
  readonly api: Modelyard;
  readonly output: Output;
  readonly profiles: Profiles;
  readonly profile: Profile;
  readonly profileName: string;
  /** The address without the path of a request. */
  readonly url: string;
}

interface GlobalOptions {
  readonly url?: string;
  readonly profile?: string;
  readonly json?: boolean;
}

/** Adds the options that every verb has. */
export function addGlobalOptions(program: Command): void {
  program
    .option('--url <url>', `the API (default: that of the profile, or ${DEFAULT_URL})`)
    .option('--profile <name>', 'a login that `modelyard login` has kept (default: default)')
    .option('--json', 'prints JSON for programs instead of tables');
}

/**
 * The API and the output that the options and the environment name.
 *
 * @param withinMs of one attempt, in place of attempts until the API answers
 */
export async function sessionOf(command: Command, io: CliIo, withinMs?: number): Promise<CliSession> {
  const {
    url: given,
    profile: profileName = io.environment.MODELYARD_PROFILE ?? DEFAULT_PROFILE,
    json = false,
  } = command.optsWithGlobals<GlobalOptions>();
  // Imported here, because `--help` needs none of it.
  const [{ Modelyard }, { createOutput }, { Profiles }] = await Promise.all([
    import('#client'),
    import('./output.ts'),
    import('./profiles.ts'),
  ]);
  const profiles = new Profiles(io.environment);
  const known = await profiles.get(profileName);
  if (!known && profileName !== DEFAULT_PROFILE && command.name() !== 'login') {
    const login = `modelyard login --profile ${profileName}`;
    throw new Misuse(`There is no profile ${profileName}; \`${login}\` makes it.`);
  }
  const stored = known ?? {};
  const url = given ?? io.environment.MODELYARD_URL ?? stored.url ?? DEFAULT_URL;
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) {
    throw new Misuse(`The URL of the API must be one such as ${DEFAULT_URL}, not ${url}.`);
  }
  // A stored token is for its own API only.
  const token = io.environment.MODELYARD_TOKEN ?? (stored.url === url ? stored.token : undefined);
  const output = createOutput(io, json);
  return {
    api: new Modelyard({ url, token, ...(withinMs === undefined ? { fetch: announcing(io) } : onceWithin(withinMs)) }),
    output,
    profiles,
    profile: stored,
    profileName,
    url,
  };
}

/** A single attempt, for answers that are of use only if they are quick. */
const onceWithin = (ms: number): Pick<ClientOptions, 'retries' | 'fetch'> => {
  const signal = AbortSignal.timeout(ms);
  return { retries: 0, fetch: (target, init) => fetch(target, { ...init, signal }) };
};

/** Calls the API, and says how long it asks to wait. The client does so, which would look like a command that hangs. */
function announcing({ errors, isTerminal }: CliIo): typeof fetch {
  let announcedUntil = 0;
  return async (...call) => {
    const answer = await fetch(...call);
    const seconds = Number(answer.headers.get('retry-after') ?? 0);
    if (!answer.ok && seconds >= SHORT_WAIT_SECONDS && performance.now() >= announcedUntil) {
      announcedUntil = performance.now() + seconds * 1000;
      // In place of the line of the progress.
      errors.write(
        `${isTerminal ? '\r\u001b[K' : ''}The API answered ${answer.status} and asks to wait ${seconds} s.\n`,
      );
    }
    return answer;
  };
}
