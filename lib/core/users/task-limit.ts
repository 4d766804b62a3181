import { type Clock, DAY_MS } from '../clock.ts';
import { ModelyardError } from '../errors.ts';
import { tooManyAtOnce } from '../tasks/backlog.ts';
import { isTerminal, type Task } from '../tasks/task.ts';
import type { TaskStore } from '../tasks/task-store.ts';
import type { UserLimits } from './limits.ts';
import type { Usage, UsageLedger } from './usage-ledger.ts';

interface TaskLimitDeps {
  readonly ledger: UsageLedger;
  readonly tasks: Pick<TaskStore, 'get'>;
  readonly clock: Clock;
  /** When a task will probably end. Unix milliseconds. */
  readonly endOf?: (task: Task) => Promise<number | undefined>;
}

/** Counts the tasks of a user. */
export interface TaskQuota {
  /**
   * Enters tasks before they are stored: all or none. Resolves with those that were not entered already. Rejects with
   * `too_many_requests`, with `store_unavailable`, and with `invalid_input` for more tasks than the limits ever allow.
   */
  enter(ids: readonly string[]): Promise<readonly string[]>;
  /** Undoes `enter`. */
  leave(ids: readonly string[]): Promise<void>;
}

/** A task that was entered before this time is stored, or never will be. */
const STORED_WITHIN_MS = 60_000;
/** From this number on, tasks that have ended are looked for, so that the document stays small. */
const MIN_SWEPT = 32;
const READS_AT_ONCE = 25;
/** Bounds of `Retry-After` while too many tasks wait, in seconds. */
const MAX_RETRY_SECONDS = 60;

/**
 * Limits the tasks of a user, exactly, also over several processes: a task is entered before it is stored, and leaves
 * when somebody has seen that it ended. Workers need not know of it. The list of entered tasks has all that wait, so it
 * is compared with the store only when it is full, or large.
 */
export function createTaskQuota(deps: TaskLimitDeps, owner: string, limits: UserLimits): TaskQuota | undefined {
  const { ledger, clock } = deps;
  const { tasksWaiting = Number.POSITIVE_INFINITY, tasksPerDay = Number.POSITIVE_INFINITY } = limits;
  if (tasksWaiting === Number.POSITIVE_INFINITY && tasksPerDay === Number.POSITIVE_INFINITY) return undefined;

  function tryEnter(ids: readonly string[]): Promise<Entry> {
    return ledger.change(owner, (usage) => {
      const { waiting = [] } = usage;
      const now = clock.now();
      const day = Math.floor(now / DAY_MS);
      const tasks = usage.day === day ? (usage.tasks ?? 0) : 0;
      const known = new Set(waiting.map(([entered]) => entered));
      const entered = ids.filter((id) => !known.has(id));
      const stay = (outcome: Outcome): { readonly usage: Usage; readonly result: Entry } => ({
        usage,
        result: { outcome, waiting, entered: [] },
      });
      if (entered.length === 0) return stay('known');
      if (tasks + entered.length > tasksPerDay) return stay('day');
      if (waiting.length + entered.length > tasksWaiting) return stay('full');
      const next: Waiting = [...waiting, ...entered.map((id) => [id, now] as const)];
      return {
        usage: { ...usage, day, tasks: tasks + entered.length, waiting: next },
        result: { outcome: 'entered', waiting: next, entered },
      };
    });
  }

  /** Lets tasks leave that have ended. Resolves with their number, and with the oldest other one. */
  async function sweep(waiting: Waiting): Promise<{ readonly ended: number; readonly oldest: Task | undefined }> {
    const now = clock.now();
    const ended = new Set<string>();
    let oldest: Task | undefined;
    for (let at = 0; at < waiting.length; at += READS_AT_ONCE) {
      const some = waiting.slice(at, at + READS_AT_ONCE);
      const tasks = await Promise.all(some.map(([id]) => deps.tasks.get(id)));
      for (const [index, [id, enteredAt]] of some.entries()) {
        const task = tasks[index];
        const isOver = task ? isTerminal(task.state) || now >= task.deadlineAt : now > enteredAt + STORED_WITHIN_MS;
        if (isOver) ended.add(id);
        else oldest ??= task;
      }
    }
    if (ended.size > 0) await remove((id) => ended.has(id));
    return { ended: ended.size, oldest };
  }

  const remove = (leaves: (id: string) => boolean, refunded = 0): Promise<void> =>
    ledger.change(owner, (usage) => {
      const waiting = (usage.waiting ?? []).filter(([id]) => !leaves(id));
      const isUnchanged = waiting.length === (usage.waiting ?? []).length;
      const tasks = Math.max(0, (usage.tasks ?? 0) - refunded);
      return { usage: isUnchanged ? usage : { ...usage, waiting, tasks }, result: undefined };
    });

  return {
    async enter(ids) {
      if (ids.length > tasksWaiting) throw tooManyAtOnce(ids.length, `At most ${tasksWaiting} of your tasks may wait`);
      if (ids.length > tasksPerDay) throw tooManyAtOnce(ids.length, `At most ${tasksPerDay} tasks a day are allowed`);
      let { outcome, waiting, entered } = await tryEnter(ids);
      if (outcome === 'full') {
        const { ended, oldest } = await sweep(waiting);
        if (ended > 0) ({ outcome, waiting, entered } = await tryEnter(ids));
        if (outcome === 'full') throw await tooManyWaiting(deps, tasksWaiting, oldest);
      }
      if (outcome === 'day') throw tooManyToday(tasksPerDay, clock.now());
      // At powers of two, so that a submit costs a constant number of reads on average.
      const { length } = waiting;
      const grew = Math.floor(Math.log2(length)) > Math.floor(Math.log2(Math.max(1, length - entered.length)));
      if (outcome === 'entered' && length >= MIN_SWEPT && grew) await sweep(waiting.slice(0, length - entered.length));
      return entered;
    },
    async leave(ids) {
      const leaving = new Set(ids);
      if (leaving.size > 0) await remove((entered) => leaving.has(entered), leaving.size);
    },
  };
}

interface Entry {
  readonly outcome: Outcome;
  readonly waiting: Waiting;
  /** Those that were not entered before. */
  readonly entered: readonly string[];
}

type Outcome = 'entered' | 'known' | 'full' | 'day';
type Waiting = NonNullable<Usage['waiting']>;

async function tooManyWaiting({ clock, endOf }: TaskLimitDeps, limit: number, oldest: Task | undefined) {
  const endsAt = oldest && (await endOf?.(oldest).catch(() => undefined));
  const seconds = Math.ceil(((endsAt ?? 0) - clock.now()) / 1000);
  return new ModelyardError('too_many_requests', `At most ${limit} tasks may wait. Retry when one has ended.`, {
    retryable: true,
    retryAfterSeconds: Math.min(MAX_RETRY_SECONDS, Math.max(1, seconds)),
    quota: { name: 'tasks-waiting', limit },
  });
}

function tooManyToday(limit: number, now: number): ModelyardError {
  const seconds = Math.ceil((DAY_MS - (now % DAY_MS)) / 1000);
  return new ModelyardError('too_many_requests', `At most ${limit} tasks a day (UTC) are allowed.`, {
    retryable: true,
    retryAfterSeconds: seconds,
    quota: { name: 'tasks-per-day', limit, windowSeconds: DAY_MS / 1000 },
  });
}
