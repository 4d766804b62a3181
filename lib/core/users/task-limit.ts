import { type Clock, DAY_MS } from '../clock.ts';
import { ModelyardError } from '../errors.ts';
import type { Task } from '../tasks/task.ts';
import type { TaskStore } from '../tasks/task-store.ts';
import { tooManyAtOnce } from '../tasks/too-many.ts';
import { LIMIT_FIELDS, type UserLimits } from './limits.ts';
import type { Usage, UsageLedger } from './usage-ledger.ts';
import { type EndOf, endedAmong, isSweptAt, tooManyToday, tooManyWaiting, type WaitingTasks } from './waiting-tasks.ts';

interface TaskLimitDeps {
  readonly ledger: UsageLedger;
  readonly tasks: Pick<TaskStore, 'get'>;
  readonly clock: Clock;
  readonly endOf?: EndOf;
}

/** Counts the tasks of a user. */
export interface TaskQuota {
  /**
   * Enters tasks before they are stored: all or none. Resolves with those that were not entered already. Rejects with
   * `too_many_requests`, with `store_unavailable`, and with `invalid_input` for more tasks than the limits ever allow.
   */
  enter(ids: readonly string[]): Promise<readonly string[]>;
  /** Undoes `enter`. `isWaiting`: a concurrent repeat has stored the tasks, so entries that both share stay. */
  leave(ids: readonly string[], isWaiting?: boolean): Promise<void>;
}

/** The quota of a user. */
export interface UserQuota extends TaskQuota {
  /**
   * Enters a task that has ended and waits again: a retry is no other task of the day. Needs no undoing: the entry is
   * removed when the task is found not to wait. Rejects like `enter`.
   */
  enterAgain(id: string): Promise<void>;
}

/** No user may have as many tasks waiting as this, so further ones need not be counted. */
const MAX_COUNTED = 2 * LIMIT_FIELDS.tasks_waiting.max;

/**
 * Counts a task that waits again without a request of its owner: whatever limits the owner has, it is not refused. Its
 * entries are removed like those of a retry.
 */
export function countingQuota(
  quotaOf: (caller: { readonly id: string; readonly limits: UserLimits }) => UserQuota | undefined,
  owner: string,
): Pick<UserQuota, 'enterAgain'> | undefined {
  const quota = quotaOf({ id: owner, limits: { tasksWaiting: MAX_COUNTED } });
  if (!quota) return undefined;
  return {
    async enterAgain(id) {
      try {
        await quota.enterAgain(id);
      } catch (error) {
        if (!(error instanceof ModelyardError && error.code === 'too_many_requests')) throw error;
      }
    },
  };
}

/**
 * Limits the tasks of a user exactly, also over several processes. A task is entered before it is stored, and removed
 * when a process finds that it has ended. Workers do not take part. The list of entered tasks contains all that wait,
 * so it is compared with the store only when it is full or large.
 */
export function createTaskQuota(deps: TaskLimitDeps, owner: string, limits: UserLimits): UserQuota | undefined {
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
      const next: WaitingTasks = [...waiting, ...entered.map((id) => [id, now] as const)];
      return {
        usage: { ...usage, day, tasks: tasks + entered.length, waiting: next },
        result: { outcome: 'entered', waiting: next, entered },
      };
    });
  }

  /** Removes tasks that have ended. Resolves with their number, and with the oldest remaining task. */
  async function sweep(waiting: WaitingTasks): Promise<{ readonly left: number; readonly oldest: Task | undefined }> {
    const { ended, oldest } = await endedAmong(deps, waiting);
    if (ended.size > 0) await remove((id) => ended.has(id));
    return { left: ended.size, oldest };
  }

  async function refuse(oldest: Task | undefined): Promise<never> {
    const endsAt = oldest && (await deps.endOf?.(oldest).catch(() => undefined));
    throw tooManyWaiting(tasksWaiting, clock.now(), endsAt);
  }

  /** Resolves with all others if they are too many. */
  const tryAgain = (id: string): Promise<WaitingTasks | undefined> =>
    ledger.change<WaitingTasks | undefined>(owner, (usage) => {
      const others = (usage.waiting ?? []).filter(([entered]) => entered !== id);
      if (others.length >= tasksWaiting) return { usage, result: others };
      return { usage: { ...usage, waiting: [...others, [id, clock.now(), true]] }, result: undefined };
    });

  const remove = (leaves: (id: string) => boolean, isRefunded = false): Promise<void> =>
    ledger.change(owner, (usage) => {
      const { waiting = [], tasks = 0, day } = usage;
      const removed = waiting.filter(([id]) => leaves(id));
      if (removed.length === 0) return { usage, result: undefined };
      // Entries of yesterday are no tasks of today.
      const refunded = isRefunded ? removed.filter(([, at]) => Math.floor(at / DAY_MS) === day).length : 0;
      const kept = waiting.filter(([id]) => !leaves(id));
      return { usage: { ...usage, waiting: kept, tasks: Math.max(0, tasks - refunded) }, result: undefined };
    });

  return {
    async enter(ids) {
      if (ids.length > tasksWaiting) throw tooManyAtOnce(ids.length, `At most ${tasksWaiting} of your tasks may wait`);
      if (ids.length > tasksPerDay) throw tooManyAtOnce(ids.length, `At most ${tasksPerDay} tasks a day are allowed`);
      let { outcome, waiting, entered } = await tryEnter(ids);
      if (outcome === 'full') {
        const { left, oldest } = await sweep(waiting);
        if (left > 0) ({ outcome, waiting, entered } = await tryEnter(ids));
        if (outcome === 'full') await refuse(oldest);
      }
      if (outcome === 'day') throw tooManyToday(tasksPerDay, clock.now());
      const before = waiting.length - entered.length;
      if (outcome === 'entered' && isSweptAt(waiting.length, before)) await sweep(waiting.slice(0, before));
      return entered;
    },
    async enterAgain(id) {
      const others = await tryAgain(id);
      if (!others) return;
      const { left, oldest } = await sweep(others);
      if (left === 0 || (await tryAgain(id))) await refuse(oldest);
    },
    async leave(ids, isWaiting = false) {
      const leaving = new Set(isWaiting ? [] : ids);
      if (leaving.size > 0) await remove((entered) => leaving.has(entered), true);
    },
  };
}

interface Entry {
  readonly outcome: Outcome;
  readonly waiting: WaitingTasks;
  /** The new ids. */
  readonly entered: readonly string[];
}

type Outcome = 'entered' | 'known' | 'full' | 'day';
