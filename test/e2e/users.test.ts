import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';
import { runExistingClient } from '#test/support/existing-client.ts';

let system: EmbeddedSystem;

beforeAll(async () => {
  system = await EmbeddedSystem.start({ environment: { AUTH: 'jwt' } });
}, 60_000);

afterAll(() => system?.[Symbol.asyncDispose]());

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
});
