import { getTask, type ReadDeps, type TaskLookup } from './read-tasks.ts';
import { isTerminal, type Task } from './task.ts';

export interface TaskWait extends TaskLookup {
  readonly waitMs: number;
  /** Ends the wait early, for example when the caller has gone. */
  readonly signal?: AbortSignal;
  /** The task as just submitted: saves the first read. */
  readonly known?: Task;
}

export interface WaitDeps extends ReadDeps {
  /** Saves reads of a store that has to be polled. */
  readonly pace?: WaitPace;
}

const MIN_PAUSE_MS = 5;
const MAX_PAUSE_MS = 1000;
const OVER = 'The wait is over.';

/**
 * The task as soon as it has ended, or as it is when `waitMs` has passed. Stores that cannot tell are
 * polled: first when the model's tasks usually end, then at pauses that grow with the time waited, so a
 * wait of any length costs few reads and adds at most a quarter to a longer latency.
 */
export async function waitForTask(deps: WaitDeps, wait: TaskWait): Promise<Task> {
  const startedAt = deps.clock.now();
  let task = wait.known ?? (await getTask(deps, wait));
  while (!isTerminal(task.state) && !wait.signal?.aborted) {
    const now = deps.clock.now();
    const leftMs = startedAt + wait.waitMs - now;
    if (leftMs <= 0) return task;
    const told = await pause(deps, task, { ageMs: now - task.createdAt, leftMs, signal: wait.signal });
    task = told?.state === 'succeeded' ? told : await look(deps, wait, task);
    if (task.endedAt !== undefined) deps.pace?.learn(task.model, Math.max(0, task.endedAt - task.createdAt));
  }
  return task;
}

/** Success is for good, so it may be read where reading is cheap; any other end may be one that a retry has undone. */
async function look(deps: WaitDeps, wait: TaskWait, task: Task): Promise<Task> {
  const { tasks, clock } = deps;
  if (!tasks.peek || clock.now() >= task.deadlineAt) return getTask(deps, wait);
  const seen = (await tasks.peek(wait.id)) ?? task;
  return seen.state === 'succeeded' || !isTerminal(seen.state) ? seen : getTask(deps, wait);
}

interface Pause {
  /** Since the submit. */
  readonly ageMs: number;
  readonly leftMs: number;
  readonly signal: AbortSignal | undefined;
}

/** Resolves with the task where it was told to have succeeded. */
async function pause(
  { tasks, clock, pace }: WaitDeps,
  { id, model, deadlineAt }: Task,
  { ageMs, leftMs, signal }: Pause,
): Promise<Task | undefined> {
  if (!tasks.untilEnded) {
    const toFirstLook = (pace?.firstLookMs(model) ?? 0) - ageMs;
    const growing = toFirstLook > 0 ? toFirstLook : Math.min(MAX_PAUSE_MS, ageMs / 4);
    await clock.sleep(Math.min(Math.max(MIN_PAUSE_MS, growing), leftMs), signal);
    return undefined;
  }
  // Nobody tells that a deadline has passed: whoever reads the task then ends it.
  const toDeadlineMs = Math.max(MIN_PAUSE_MS, deadlineAt - clock.now());
  // By hand: `AbortSignal.any` costs more than the rest of the wait, and so does an abort without a reason of its own.
  const over = new AbortController();
  const end = () => over.abort(OVER);
  signal?.addEventListener('abort', end);
  try {
    const late = clock.sleep(Math.min(leftMs, toDeadlineMs), over.signal).then(() => undefined);
    return await Promise.race([tasks.untilEnded(id, over.signal), late]);
  } finally {
    signal?.removeEventListener('abort', end);
    end();
  }
}

/** What this process has learned about how long the tasks of each model take. */
export interface WaitPace {
  /** When it is first worth looking for a result, in milliseconds after the submit; 0 while nothing is known. */
  firstLookMs(model: string): number;
  learn(model: string, tookMs: number): void;
}

/** An unusually quick task is looked at no later than this, however slow the ones before it were. */
const MAX_FIRST_LOOK_MS = 250;
/** It follows quick tasks quickly and slow ones slowly, so it settles near the quicker end of what is usual. */
const WEIGHT_OF_QUICKER = 0.5;
const WEIGHT_OF_SLOWER = 0.1;
const MAX_MODELS = 500;

/** Where a store has to be polled, a reader that knows its model's pace looks once or twice instead of many times. */
export function createWaitPace(): WaitPace {
  const usualMs = new Map<string, number>();
  return {
    firstLookMs: (model) => Math.min(MAX_FIRST_LOOK_MS, usualMs.get(model) ?? 0),
    learn(model, tookMs) {
      const known = usualMs.get(model) ?? tookMs;
      const weight = tookMs < known ? WEIGHT_OF_QUICKER : WEIGHT_OF_SLOWER;
      if (usualMs.has(model) || usualMs.size < MAX_MODELS) usualMs.set(model, known + weight * (tookMs - known));
    },
  };
}
