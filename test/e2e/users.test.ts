import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSqlitePlatform } from '#platform/sqlite.ts';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';
import { runExistingClient } from '#test/support/existing-client.ts';
import { addCallers, findLeaks, ISOLATION_TIMEOUT_MS } from '#test/support/isolation.ts';

let system: EmbeddedSystem;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'modelyard-users-'));
  system = await EmbeddedSystem.start({ environment: { AUTH: 'jwt' }, dataFolder: folder });
}, 60_000);

afterAll(async () => {
  await system?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

describe('npm start with AUTH=jwt', { timeout: 60_000 }, () => {
  it('serves a client that registers, logs in, submits and polls for the result', async () => {
    const token = await runExistingClient(system.url, 'ann');

    const me = await fetch(`${system.url}/users/me`, { headers: { Authorization: `Bearer ${token}` } });
    expect(await me.json()).toMatchObject({ username: 'ann', role: 'user' });
  });

  it('answers the result of a failed task with a problem', async () => {
    const token = await runExistingClient(system.url, 'bob');
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
    const submitted = await fetch(`${system.url}/models/model_b/tasks`, {
      ...{ method: 'POST', headers: { ...headers, Prefer: 'wait=20' } },
      body: JSON.stringify({ value: 1, delay_seconds: 601 }),
    });
    const { task_id: id } = (await submitted.json()) as { task_id: string };

    const result = await fetch(`${system.url}/models/model_b/result?task_id=${id}`, { headers });

    expect(result.status).toBe(422);
    expect(result.headers.get('content-type')).toBe('application/problem+json');
  });

  it('shows a hundred users who call at once nothing of each other', { timeout: ISOLATION_TIMEOUT_MS }, async () => {
    const platform = await openSqlitePlatform({ folder });
    const callers = await addCallers(platform.users);
    await platform.close();

    expect((await findLeaks(system.url, callers)).leaks).toEqual([]);
  });
});
