import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { TaskBody } from './api-client.ts';

/** One submit to `model_b`, which returns the value that it was sent. */
export interface Sent {
  readonly value: number;
  readonly status: number;
  readonly type: string | null;
  /** Undefined if the submit was refused. */
  readonly id?: string;
}

export const post = (url: string, path: string, body: unknown, wait: number): Promise<Response> =>
  fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Prefer: `wait=${wait}` },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

export const statusOf = async (url: string): Promise<number> => (await fetch(url)).status;

/** Submits until `outage` resolves, whatever the answers are. Resolves with the outcome of each submit. */
export async function underLoad(url: string, outage: () => Promise<void>): Promise<readonly Sent[]> {
  const sent: Promise<Sent>[] = [];
  const over = new AbortController();
  const ending = outage().finally(() => over.abort());
  for (let value = 1; !over.signal.aborted; value++) {
    const answer = post(url, '/models/model_b/tasks', { value, delay_seconds: 0.02 }, 0);
    sent.push(answer.then((it) => noted(value, it)));
    await sleep(20);
  }
  await ending;
  return Promise.all(sent);
}

async function noted(value: number, answer: Response): Promise<Sent> {
  const type = answer.headers.get('content-type');
  return { value, status: answer.status, type, id: ((await answer.json()) as TaskBody).id };
}

/** Resolves with the task when it has ended. */
export async function ended(url: string, id: string): Promise<TaskBody> {
  for (;;) {
    const response = await fetch(`${url}/tasks/${id}`, { headers: { Prefer: 'wait=10' } });
    const task = (await response.json()) as TaskBody;
    if (task.state !== 'queued' && task.state !== 'running') return task;
  }
}

/** The ids of all listed tasks, sorted. */
export async function listed(url: string): Promise<readonly string[]> {
  const ids: string[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const response = await fetch(`${url}/tasks?limit=100${cursor === '' ? '' : `&cursor=${cursor}`}`);
    const page = (await response.json()) as { tasks: TaskBody[]; next_cursor: string | null };
    ids.push(...page.tasks.map(({ id }) => id));
    cursor = page.next_cursor;
  }
  return ids.toSorted();
}

/**
 * Asserts that each submit was accepted or refused with a problem, and that accepted tasks succeeded. Resolves with
 * their ids, sorted.
 */
export async function assessOutage(url: string, sent: readonly Sent[]): Promise<readonly string[]> {
  const accepted = sent.flatMap(({ id, value, status }) => (status === 202 && id !== undefined ? [{ id, value }] : []));
  const results = await Promise.all(accepted.map(({ id }) => ended(url, id)));

  expect([...new Set(sent.map(({ status, type }) => `${status} ${type}`))].toSorted()).toEqual([
    '202 application/json',
    '503 application/problem+json',
  ]);
  expect(results.map(({ state, result }) => [state, result?.value])).toEqual(
    accepted.map(({ value }) => ['succeeded', value]),
  );
  return accepted.map(({ id }) => id).toSorted();
}
