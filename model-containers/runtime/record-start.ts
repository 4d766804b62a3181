import type { TaskStore } from '#core';

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
