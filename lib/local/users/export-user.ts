import { createTranscoder, presentCall, presentKey, presentTask, presentUser } from '#api';
import { jsonTextOf, RawJson } from '#api/http/transcode.ts';
import { type Call, isLinked, JSON_SUFFIX, keysOf, type Task, tasksOf, type User } from '#core';
import type { FullPlatform } from '#platform/platform.ts';
import { lifecycleRows } from './lifecycle-rows.ts';
import type { UsersData } from './open-users.ts';

const PAGE = 100;

/**
 * Everything that is stored of a user, without secrets: a line of JSON for the user, each key, task and call, and each
 * row of the lifecycle. Results that are too large for JSON are null.
 */
export async function* exportUser(store: UsersData, user: User): AsyncGenerator<string> {
  yield line('user', presentUser(user));
  for (const key of keysOf(user)) yield line('key', presentKey(key, user.id));
  const deps = { platform: { blobs: store.blobs, contracts: store.contracts }, transcoder: createTranscoder() };
  for await (const task of tasksOf(store, user.id)) yield line('task', await withResult(deps, task));
  for await (const call of callsOf(store, user.id)) yield line('call', presentCall(call));
  for await (const row of lifecycleRows(store, user.id)) yield line('lifecycle', row);
}

/** With a result in place of a link to it, which the deletion of the user would break. */
async function withResult(deps: Parameters<typeof presentTask>[0], task: Task) {
  const body = await presentTask(deps, task);
  const payload = isLinked(task) ? task.result?.payload : undefined;
  if (payload?.kind !== 'blob') return body;
  const json = await deps.platform.blobs.get(`${payload.key}${JSON_SUFFIX}`);
  return { ...body, result: json ? new RawJson(Buffer.from(json).toString()) : null };
}

function line(kind: string, value: unknown): string {
  // The result of a task is JSON text, which only the members of one object may be.
  const text = jsonTextOf({ [kind]: new RawJson(jsonTextOf(value)) });
  return `${typeof text === 'string' ? text : Buffer.concat(text).toString()}\n`;
}

async function* callsOf({ calls }: FullPlatform, owner: string): AsyncGenerator<Call> {
  let cursor: string | undefined;
  do {
    const page = await calls.list({ owner, limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
    yield* page.calls;
    cursor = page.nextCursor;
  } while (cursor !== undefined);
}
