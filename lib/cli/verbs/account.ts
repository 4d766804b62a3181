import { Modelyard } from '#client';
import { ask } from '../ask.ts';
import type { AddVerb, CliIo } from '../program.ts';
import { sessionOf } from '../session.ts';

interface Me {
  readonly id: string;
  readonly username: string;
  readonly role: string;
}

interface LoginOptions {
  readonly key?: string;
  readonly username?: string;
}

/** `login`, `logout` and `whoami`. */
export const addAccount: AddVerb = (program, io) => {
  program
    .command('login')
    .option('--username <name>', 'asks for the password, or reads it from the standard input')
    .option('--key <key>', 'an API key or a token that you have')
    .action(async ({ key, username }: LoginOptions, command) => {
      const { output, profiles, profileName, url } = await sessionOf(command, io);
      const token = key ?? (await createKey(url, username ?? (await ask(io, 'User name: ')), io));
      const me = await new Modelyard({ url, token }).request<Me>('GET', '/users/me');
      await profiles.set(profileName, { url, token });
      output.show(me, () => [`Logged in to ${url} as ${me.username} (${me.role}).`]);
    });
  program.command('logout').action(async (_, command) => {
    const { output, profiles, profileName } = await sessionOf(command, io);
    await profiles.set(profileName, undefined);
    output.show({ profile: profileName }, () => [`The profile ${profileName} is logged out.`]);
  });
  program.command('whoami').action(async (_, command) => {
    const { api, output, url } = await sessionOf(command, io);
    const me = await api.request<Me>('GET', '/users/me');
    output.show(me, () => [`${me.username} (${me.role}) at ${url}`]);
  });
};

/** Access tokens end after minutes, so the profile keeps a key. */
async function createKey(url: string, username: string, io: CliIo): Promise<string> {
  const password = await ask(io, 'Password: ', true);
  const { access_token: token } = await new Modelyard({ url }).request<{ access_token: string }>('POST', '/login', {
    username,
    password,
  });
  const name = `command line, ${new Date().toISOString().slice(0, 10)}`;
  const { key } = await new Modelyard({ url, token }).request<{ key: string }>('POST', '/users/me/keys', { name });
  return key;
}
