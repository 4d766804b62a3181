import { ModelyardError } from '../errors.ts';
import { countEnd } from '../stats/stats-store.ts';
import { getTask, type ReadDeps, type TaskLookup } from './read-tasks.ts';
import { isTerminal, type Task } from './task.ts';
import { type CancelMark, newCancelMark } from './task-store.ts';

/** Clocks of different processes may differ by this much. */
const MAX_SKEW_MS = 60_000;

/** Added to the age of marks: the time from a decision to start a task to its start. */
const START_MS = 100;

/**
 * Ends a task as canceled, then notifies the instances of its model. A task that waits does not start after the answer;
 * the run of a running task is aborted. Rejects with `task_not_found`, and with `task_ended` if the task has ended.
 */
export async function cancelTask(deps: ReadDeps, lookup: TaskLookup): Promise<Task> {
  const task = await endAsCanceled(deps, lookup);
  const { startAgeMs } = deps.tasks.cancels;
  // Until then, an instance that has not read the mark may start the task.
  if (startAgeMs > 0) await deps.clock.sleep(startAgeMs + START_MS);
  return task;
}

/** Cancels a task that may start until instances have read the mark. Rejects like `cancelTask`. */
export async function endAsCanceled(deps: ReadDeps, lookup: TaskLookup): Promise<Task> {
  const { tasks, clock, stats } = deps;
  const { id, state } = await getTask(deps, lookup);
  const outcome = isTerminal(state)
    ? 'terminal'
    : await tasks.apply(id, { type: 'canceled', at: clock.now(), by: lookup.owner });
  const task = await getTask(deps, lookup);
  // Also for a repeated cancel: the first one may have failed before it notified the instances.
  if (task.state === 'canceled') await tasks.cancels.put(task.model, newCancelMark(clock.now()));
  if (outcome === 'applied') await countEnd(stats, task.model, { state: 'canceled', at: clock.now() });
  else throw new ModelyardError('task_ended', `The task has ended: it is ${task.state}.`);
  return task;
}

/** Whether a task that was submitted at this time may be among the canceled ones. */
export const mayBeCanceled = (mark: CancelMark | undefined, submittedAt: number): boolean =>
  mark !== undefined && Number.parseInt(mark, 10) + MAX_SKEW_MS >= submittedAt;
