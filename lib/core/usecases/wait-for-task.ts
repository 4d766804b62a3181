import type { Task } from '../domain/task.ts';
import { isTerminal } from '../domain/task-state.ts';
import { getTask, type ReadDeps, type TaskLookup } from './get-task.ts';

export interface TaskWait extends TaskLookup {
  readonly waitMs: number;
  /** Ends the wait early, for example when the caller has gone. */
  readonly signal?: AbortSignal;
  /** The task as just submitted: saves the first read. */
  readonly known?: Task;
}

const MIN_PAUSE_MS = 10;
const MAX_PAUSE_MS = 1000;

/**
 * The task as soon as it has ended, or as it is when `waitMs` has passed. Stores that cannot tell are
 * polled at pauses that grow with the time waited, so a wait of any length costs few reads and adds at
 * most a third to the latency.
 */
export async function waitForTask(deps: ReadDeps, wait: TaskWait): Promise<Task> {
  const startedAt = deps.clock.now();
  let task = wait.known ?? (await getTask(deps, wait));
  while (!isTerminal(task.state) && !wait.signal?.aborted) {
    const waitedMs = deps.clock.now() - startedAt;
    const leftMs = wait.waitMs - waitedMs;
    if (leftMs <= 0) break;
    await pause(deps, task.id, { waitedMs, leftMs, signal: wait.signal });
    task = await getTask(deps, wait);
  }
  return task;
}

interface Pause {
  readonly waitedMs: number;
  readonly leftMs: number;
  readonly signal: AbortSignal | undefined;
}

async function pause({ tasks, clock }: ReadDeps, id: string, { waitedMs, leftMs, signal }: Pause): Promise<void> {
  if (!tasks.untilEnded) {
    const growing = Math.min(MAX_PAUSE_MS, Math.max(MIN_PAUSE_MS, waitedMs / 3));
    return clock.sleep(Math.min(growing, leftMs), signal);
  }
  const done = new AbortController();
  const either = signal ? AbortSignal.any([done.signal, signal]) : done.signal;
  await Promise.race([tasks.untilEnded(id, either), clock.sleep(leftMs, either)]);
  done.abort();
}
