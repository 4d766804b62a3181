import { getTask, type ReadDeps, type TaskLookup } from './read-tasks.ts';
import { isTerminal, type Task } from './task.ts';

export interface TaskWait extends TaskLookup {
  readonly waitMs: number;
  /** Ends the wait early, for example when the caller disconnects. */
  readonly signal?: AbortSignal;
  /** The task as just submitted. Saves the first read. */
  readonly known?: Task;
}

export interface WaitDeps extends ReadDeps {
  /** Saves reads of stores that are polled. */
  readonly pace?: WaitPace;
}

const MIN_PAUSE_MS = 5;
const MAX_PAUSE_MS = 1000;
const WAIT_ENDED = 'The wait has ended.';

/**
 * Resolves with the task when it has ended, or with its current state after `waitMs`. Stores without notifications are
 * polled: first when the model's tasks usually end, then at intervals that grow with the time waited. Polling costs few
 * reads and adds at most a quarter to the latency.
 */
export async function waitForTask(deps: WaitDeps, wait: TaskWait): Promise<Task> {
  const startedAt = deps.clock.now();
  let task = wait.known ?? (await getTask(deps, wait));
  while (!isTerminal(task.state) && !wait.signal?.aborted) {
    const now = deps.clock.now();
    const leftMs = startedAt + wait.waitMs - now;
    if (leftMs <= 0) return task;
    const notified = await pause(deps, task, { ageMs: now - task.createdAt, leftMs, signal: wait.signal });
    task = notified?.state === 'succeeded' ? notified : await readTask(deps, wait, task);
    if (task.endedAt !== undefined) deps.pace?.learn(task.model, Math.max(0, task.endedAt - task.createdAt));
  }
  return task;
}

/** `succeeded` is final, so a stale read is enough. A retry may undo any other terminal state. */
async function readTask(deps: WaitDeps, wait: TaskWait, task: Task): Promise<Task> {
  const { tasks, clock } = deps;
  if (!tasks.peek || clock.now() >= task.deadlineAt) return getTask(deps, wait);
  const seen = (await tasks.peek(wait.id)) ?? task;
  return seen.state === 'succeeded' || !isTerminal(seen.state) ? seen : getTask(deps, wait);
}

interface Pause {
  /** Milliseconds since the submit. */
  readonly ageMs: number;
  readonly leftMs: number;
  readonly signal: AbortSignal | undefined;
}

/** Resolves with the task if the store's notification included it. */
async function pause(
  { tasks, clock, pace }: WaitDeps,
  { id, model, deadlineAt }: Task,
  { ageMs, leftMs, signal }: Pause,
): Promise<Task | undefined> {
  if (!tasks.untilEnded) {
    const toFirstPoll = (pace?.firstPollMs(model) ?? 0) - ageMs;
    const growing = toFirstPoll > 0 ? toFirstPoll : Math.min(MAX_PAUSE_MS, ageMs / 4);
    await clock.sleep(Math.min(Math.max(MIN_PAUSE_MS, growing), leftMs), signal);
    return undefined;
  }
  // There is no notification of a deadline; the next reader of the task ends it.
  const toDeadlineMs = Math.max(MIN_PAUSE_MS, deadlineAt - clock.now());
  // Not `AbortSignal.any`, which costs more than the rest of the wait. The reason avoids creating a DOMException.
  const ended = new AbortController();
  const end = () => ended.abort(WAIT_ENDED);
  signal?.addEventListener('abort', end);
  try {
    const late = clock.sleep(Math.min(leftMs, toDeadlineMs), ended.signal).then(() => undefined);
    return await Promise.race([tasks.untilEnded(id, ended.signal), late]);
  } finally {
    signal?.removeEventListener('abort', end);
    end();
  }
}

/** Learns how long the tasks of each model usually take. */
export interface WaitPace {
  /** When to poll first, in milliseconds after the submit; 0 while nothing is known. */
  firstPollMs(model: string): number;
  learn(model: string, tookMs: number): void;
}

/** Maximum time until the first poll, for tasks that are much faster than those before. */
const MAX_FIRST_POLL_MS = 250;
/** Asymmetric moving average, biased to short latencies. */
const WEIGHT_OF_FASTER = 0.5;
const WEIGHT_OF_SLOWER = 0.1;
const MAX_MODELS = 500;

/** Reduces the number of polls per task to one or two on average. */
export function createWaitPace(): WaitPace {
  const usualMs = new Map<string, number>();
  return {
    firstPollMs: (model) => Math.min(MAX_FIRST_POLL_MS, usualMs.get(model) ?? 0),
    learn(model, tookMs) {
      const known = usualMs.get(model) ?? tookMs;
      const weight = tookMs < known ? WEIGHT_OF_FASTER : WEIGHT_OF_SLOWER;
      if (usualMs.has(model) || usualMs.size < MAX_MODELS) usualMs.set(model, known + weight * (tookMs - known));
    },
  };
}
