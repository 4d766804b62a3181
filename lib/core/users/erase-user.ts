import type { CallLog } from '../calls/call-log.ts';
import { ModelyardError } from '../errors.ts';
import { endAsCanceled } from '../tasks/cancel-task.ts';
import type { BlobStore } from '../tasks/payload.ts';
import type { ReadDeps } from '../tasks/read-tasks.ts';
import { isTerminal, type Task } from '../tasks/task.ts';
import { JSON_SUFFIX } from '../tasks/transfers.ts';
import { secretKey, type WebhookStore, webhookKey } from '../webhooks/webhook-store.ts';
import { changeUser } from './credentials.ts';
import type { UsageStore } from './usage-store.ts';
import { isUserId } from './user-id.ts';
import type { UserStore } from './user-store.ts';

export interface EraseDeps extends ReadDeps {
  readonly users: UserStore;
  readonly calls: CallLog;
  readonly usage: UsageStore;
  readonly blobs: BlobStore;
  readonly webhooks: WebhookStore;
  /** Erases what other parts of the system have of the user. @default nothing */
  readonly eraseTraces?: (id: string) => Promise<void>;
}

const PAGE = 100;

/** All tasks of an owner. Empty where the platform keeps no lists. */
export async function* tasksOf({ tasks }: Pick<ReadDeps, 'tasks'>, owner: string): AsyncGenerator<Task> {
  let cursor: string | undefined;
  do {
    const page = await tasks
      .list({ owner, limit: PAGE, ...(cursor === undefined ? {} : { cursor }) })
      .catch((error: unknown) => {
        if (error instanceof ModelyardError && error.code === 'route_not_found') return { tasks: [] };
        throw error;
      });
    yield* page.tasks;
    cursor = 'nextCursor' in page ? page.nextCursor : undefined;
  } while (cursor !== undefined);
}

/**
 * Deletes a user with keys, sessions, tasks, batches, requests, results, calls and usage. Running tasks are canceled.
 * The user is deleted last, so that a failed erasure can be repeated. Another one by the id of the deleted user removes
 * the traces of requests of the last minute. Resolves with false if there is no such user, and for another text.
 */
export async function eraseUser(deps: EraseDeps, id: string): Promise<boolean> {
  // Others own things too: the local user without authentication, the counts of logins, the lifecycle.
  if (!isUserId(id)) return false;
  const { users, calls, usage, webhooks } = deps;
  const isKnown = (await users.get(id)) !== undefined;
  // From now on, every gateway refuses the user within a minute.
  if (isKnown) await changeUser(deps, id, (user) => ({ ...user, isDisabled: true, credentials: [] }));
  for await (const task of tasksOf(deps, id)) await eraseTask(deps, task);
  await deps.tasks.batches.eraseOf(id);
  await webhooks.delete(secretKey(id));
  await calls.deleteOf(id);
  await usage.delete(id);
  await deps.eraseTraces?.(id);
  return isKnown && (await users.delete(id));
}

/** Deletes a task with its request and its result. One that has not ended is canceled. */
export async function eraseTask(
  deps: Pick<EraseDeps, 'tasks' | 'clock' | 'stats' | 'blobs' | 'webhooks'>,
  task: Task,
): Promise<void> {
  const { tasks, blobs, webhooks } = deps;
  if (!isTerminal(task.state)) {
    await endAsCanceled(deps, task).catch((error: unknown) => {
      // The task has ended in the meantime.
      if (!(error instanceof ModelyardError && (error.code === 'task_ended' || error.code === 'task_not_found')))
        throw error;
    });
  }
  const { id, requestHash, result, progress } = (await tasks.get(task.id)) ?? task;
  const request = `requests/${id}/${requestHash.slice(0, 16)}`;
  const told = progress?.older.map(({ key }) => key) ?? [];
  const results = result?.payload.kind === 'blob' ? [result.payload.key] : [];
  const stored = [request, ...results];
  const keys = [...stored, ...stored.map((key) => `${key}${JSON_SUFFIX}`), ...told];
  // The remaining empty blob expires with all others.
  for (const key of keys) if (await blobs.get(key)) await blobs.put(key, new Uint8Array());
  await webhooks.delete(webhookKey(id));
  await tasks.erase(task);
}
