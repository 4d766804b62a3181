import type { Delivery, TaskStore } from '#core';

/** Long enough for most tasks to end meanwhile. */
const SUPERSEDED_DELAY_SECONDS = 30;

/**
 * Records the start of an attempt, which fences those before it, and tells what becomes of it: it may `run`, its task
 * has `ended`, or a newer attempt has `superseded` it. An attempt that was given back comes again under the number that
 * its runner had recorded, and may run.
 */
export async function recordStart(
  tasks: TaskStore,
  taskId: string,
  { attempt, at }: { readonly attempt: number; readonly at: number },
): Promise<'run' | 'ended' | 'superseded'> {
  const outcome = await tasks.apply(taskId, { type: 'started', attempt, at });
  if (outcome === 'applied') return 'run';
  if (outcome !== 'superseded') return 'ended';
  const recorded = (await tasks.get(taskId))?.attempts ?? attempt;
  return recorded > attempt ? 'superseded' : 'run';
}

/**
 * Gives back a copy whose task belongs to whoever has a newer one. It is kept until the task has ended, in case they do
 * not end it; does nothing when its lease is lost, as it is with somebody else then.
 */
export const giveBackSuperseded = (delivery: Delivery): Promise<void> => delivery.release(SUPERSEDED_DELAY_SECONDS);
