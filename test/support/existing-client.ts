import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { ModelAResponse } from '#proto/models/model_a.ts';

const JSON_TYPE = { 'Content-Type': 'application/json' };
const PROTOBUF = 'application/x-protobuf';
const POLL_MS = 100;

interface ResultBody {
  readonly task_id: string;
  readonly status: string;
  readonly result?: unknown;
}

/**
 * A client as it exists for model APIs with users: registers, logs in, submits, polls for the result. Fails for every
 * answer that it would not understand. Resolves with its access token.
 */
export async function runExistingClient(url: string, username: string): Promise<string> {
  const password = `a sentence of ${username}'s own`;
  const account = { method: 'POST', headers: JSON_TYPE, body: JSON.stringify({ username, password }) };
  const registered = await fetch(`${url}/register`, account);
  expect(registered.status).toBe(201);

  const byJson = await fetch(`${url}/login`, account);
  const byForm = await fetch(`${url}/login`, { method: 'POST', body: new URLSearchParams({ username, password }) });
  const tokens = [await byJson.json(), await byForm.json()] as { access_token: string; token_type: string }[];
  expect(tokens).toMatchObject([{ token_type: 'bearer' }, { token_type: 'bearer' }]);

  for (const { access_token: token } of tokens) {
    const Authorization = `Bearer ${token}`;
    const submitted = await fetch(`${url}/models/model_a/tasks`, {
      method: 'POST',
      headers: { ...JSON_TYPE, Authorization },
      body: JSON.stringify({ data: username }),
    });
    const { task_id: taskId, id } = (await submitted.json()) as { task_id: string; id: string };
    expect([submitted.status, taskId]).toEqual([202, id]);

    const address = `${url}/models/model_a/result?task_id=${taskId}`;
    const result = await polled(address, { Authorization });
    expect(result).toEqual({ task_id: taskId, status: 'completed', result: { message: messageFor(username) } });

    const binary = await fetch(address, { headers: { Authorization, Accept: PROTOBUF } });
    expect([binary.status, binary.headers.get('content-type')]).toEqual([200, PROTOBUF]);
    expect(ModelAResponse.decode(await binary.bytes())).toEqual({ message: messageFor(username) });
  }
  return tokens[0]?.access_token ?? '';
}

const messageFor = (data: string): string => `Processed message: ${data}`;

async function polled(address: string, headers: Readonly<Record<string, string>>): Promise<ResultBody> {
  for (;;) {
    const response = await fetch(address, { headers });
    const body = (await response.json()) as ResultBody;
    if (response.status !== 202) return body;
    expect(body).toEqual({ task_id: body.task_id, status: 'in_progress' });
    await sleep(POLL_MS);
  }
}
