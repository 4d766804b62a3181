import { execFile } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { runUsersCommand } from '#local/users-command.ts';
import type { EmbeddedSystem as DeployedSystem } from '#test/support/deployed-system.ts';

const COMMAND = fileURLToPath(new URL('../../bin/users.ts', import.meta.url));

/** Runs `npm run users` for a stage on the emulator. Resolves with what it prints. */
export async function users(stage: string, ...args: string[]): Promise<string> {
  const command = ['--disable-warning=ExperimentalWarning', COMMAND, ...args, '--stage', stage];
  const { stdout } = await promisify(execFile)(process.execPath, command);
  return stdout.trim();
}

/** Adds a user with a name of its own, without another process. Resolves with the name and the printed password. */
export async function addUser(stage: string, role: string): Promise<{ name: string; password: string }> {
  const [output, errors] = [new PassThrough(), new PassThrough()];
  const args = ['add', `${role}-${crypto.randomUUID()}`, '--role', role, '--stage', stage];
  const code = await runUsersCommand(args, { environment: process.env, output, errors, process });
  output.end();
  errors.end();
  if (code !== 0) throw new Error(await text(errors));
  const [name = '', password = ''] = (await text(output)).trim().split(',');
  return { name, password };
}

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

/** Logs in as programs and as browser forms do. */
export async function login(
  system: DeployedSystem,
  { name, password }: { readonly name: string; readonly password: string },
  as: 'json' | 'form' = 'json',
): Promise<Tokens> {
  const fields = { username: name, password };
  const answer = await system.fetch('/login', {
    method: 'POST',
    headers: { 'Content-Type': as === 'json' ? 'application/json' : 'application/x-www-form-urlencoded' },
    body: as === 'json' ? JSON.stringify(fields) : new URLSearchParams(fields).toString(),
  });
  expect(answer.status).toBe(200);
  return (await answer.json()) as Tokens;
}

export const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
