import { type ServedModel, type Task, type TaskWait, waitForTask } from '#core';
import type { HandlerDeps } from '../http/handler-deps.ts';

type WaitingDeps = Pick<HandlerDeps, 'platform' | 'forecast' | 'waits'>;

/** The backlog is read after this time. Earlier, every ordinary prediction would pay for the read. */
const PATIENCE_MS = 3000;

/**
 * Whether every waiting caller costs money and occupies one of a limited number of handlers: on AWS, where the platform
 * also stops idle instances.
 */
const isScarce = ({ platform }: Pick<HandlerDeps, 'platform'>): boolean => platform.instances?.sleeps === true;

/** Whether every wait for the model is in vain: it sleeps, and its start takes longer than API Gateway waits. */
export const wakesTooLate = (deps: Pick<HandlerDeps, 'platform'>, { live }: Pick<ServedModel, 'live'>): boolean =>
  isScarce(deps) && live.length === 0;

/**
 * Waits for the end of a task, where waiting is scarce only while it may help: a task that will probably not start before
 * the end of the wait is answered as it is. Rejects like `waitForTask`.
 */
export async function waitWhileUseful(deps: WaitingDeps, wait: TaskWait): Promise<Task> {
  const { waits, forecast } = deps;
  if (!isScarce(deps) || wait.waitMs <= PATIENCE_MS) return waitForTask(waits, wait);
  const until = waits.clock.now() + wait.waitMs;
  const task = await waitForTask(waits, { ...wait, waitMs: PATIENCE_MS });
  if (task.state === 'queued') {
    const { startsAt } = await forecast(task);
    if (startsAt !== undefined && startsAt > until) return task;
  }
  return waitForTask(waits, { ...wait, known: task, waitMs: Math.max(0, until - waits.clock.now()) });
}
