import type { HandlerDeps } from '#api';
import { isTerminal, ModelyardError, type Task, waitForTask } from '#core';

const WAIT_MS = 20_000;

/** The stage when it has ended. Rejects with `store_unavailable` after 20 s, because no worker runs then. */
export async function waitForStage(
  { waits }: HandlerDeps,
  { id, owner, ...rest }: Task,
  signal: AbortSignal,
): Promise<Task> {
  const task = await waitForTask(waits, { id, owner, waitMs: WAIT_MS, signal, known: { id, owner, ...rest } });
  if (isTerminal(task.state)) return task;
  throw new ModelyardError('store_unavailable', 'The prediction log could not be read in time. Repeat the request.', {
    retryable: true,
  });
}
