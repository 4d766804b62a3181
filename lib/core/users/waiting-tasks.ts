import type { Clock } from '../clock.ts';
import { DAY_MS } from '../clock.ts';
import { ModelyardError } from '../errors.ts';
import { isTerminal, type Task } from '../tasks/task.ts';
import type { TaskStore } from '../tasks/task-store.ts';

/** Tasks that may still wait, oldest first, with the time at which they were entered, and whether for a retry. */
export type WaitingTasks = readonly (readonly [id: string, at: number, isRetry?: boolean])[];

/** When a task will probably end. Unix milliseconds. */
export type EndOf = (task: Task) => Promise<number | undefined>;

/** Above this number, ended tasks are searched for and removed, so that the list stays small. */
const MIN_SWEPT = 32;
/** After this time, an entered task is either stored or will never be. */
const STORED_WITHIN_MS = 60_000;
const READS_AT_ONCE = 25;
/** Bounds of `Retry-After` while too many tasks wait, in seconds. */
const MAX_RETRY_SECONDS = 60;

/** Whether to look for ended tasks: at powers of two, so that a submit costs a constant number of reads on average. */
export const isSweptAt = (count: number, before: number): boolean =>
  count >= MIN_SWEPT && Math.floor(Math.log2(count)) > Math.floor(Math.log2(Math.max(1, before)));

interface SweepDeps {
  readonly tasks: Pick<TaskStore, 'get'>;
  readonly clock: Pick<Clock, 'now'>;
}

/** The ids of the tasks that have ended, and the oldest other task. */
export async function endedAmong(
  { tasks, clock }: SweepDeps,
  waiting: WaitingTasks,
): Promise<{ readonly ended: ReadonlySet<string>; readonly oldest: Task | undefined }> {
  const now = clock.now();
  const ended = new Set<string>();
  let oldest: Task | undefined;
  for (let at = 0; at < waiting.length; at += READS_AT_ONCE) {
    const some = waiting.slice(at, at + READS_AT_ONCE);
    const found = await Promise.all(some.map(([id]) => tasks.get(id)));
    for (const [index, [id, enteredAt, isRetry = false]] of some.entries()) {
      const task = found[index];
      // The end before a retry is none, until the retry is stored.
      const isStored = task && !(isRetry && task.endedAt !== undefined && task.endedAt <= enteredAt);
      const isOver = isStored ? isTerminal(task.state) || now >= task.deadlineAt : now > enteredAt + STORED_WITHIN_MS;
      if (isOver) ended.add(id);
      else oldest ??= task;
    }
  }
  return { ended, oldest };
}

/** `endsAt`: when the oldest of them will probably end. */
export function tooManyWaiting(limit: number, now: number, endsAt: number | undefined): ModelyardError {
  const seconds = Math.ceil(((endsAt ?? 0) - now) / 1000);
  return new ModelyardError('too_many_requests', `At most ${limit} tasks may wait. Retry when one has ended.`, {
    retryable: true,
    retryAfterSeconds: Math.min(MAX_RETRY_SECONDS, Math.max(1, seconds)),
    quota: { name: 'tasks-waiting', limit },
  });
}

export function tooManyToday(limit: number, now: number): ModelyardError {
  const seconds = Math.ceil((DAY_MS - (now % DAY_MS)) / 1000);
  return new ModelyardError('too_many_requests', `At most ${limit} tasks a day (UTC) are allowed.`, {
    retryable: true,
    retryAfterSeconds: seconds,
    quota: { name: 'tasks-per-day', limit, windowSeconds: DAY_MS / 1000 },
  });
}
