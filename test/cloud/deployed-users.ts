import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import type { EmbeddedSystem as DeployedSystem } from '#test/support/deployed-system.ts';

const COMMAND = fileURLToPath(new URL('../../bin/users.ts', import.meta.url));

/** Runs `npm run users` for a stage on the emulator. Resolves with what it prints. */
export async function users(stage: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', COMMAND, ...args, '--stage', stage],
    {
      env: {
        ...process.env,
        ...{ AWS_ENDPOINT_URL: process.env.MODELYARD_E2E_ENDPOINT, AWS_REGION: 'us-east-1' },
        ...{ AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' },
      },
    },
  );
  return stdout.trim();
}

/** Adds a user with a name of its own. Resolves with the name and the printed password. */
export async function addUser(stage: string, role: string): Promise<{ name: string; password: string }> {
  const printed = await users(stage, 'add', `${role}-${crypto.randomUUID()}`, '--role', role);
  const [name = '', password = ''] = printed.split(',');
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
