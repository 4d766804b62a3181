import type { Instance } from '../instances/instance.ts';

/** What is known about the line in front of a model. */
export interface Line {
  /** Tasks waiting. */
  readonly backlog: number;
  readonly serving: readonly Pick<Instance, 'slots' | 'serviceMs'>[];
}

/**
 * Milliseconds until a model has worked through its backlog at its present pace: Little's law over the
 * live slots, each taking the instance's average service time per task. An estimate, never a promise;
 * undefined while no instance serves or none has run a task yet.
 */
export function drainMs({ backlog, serving }: Line): number | undefined {
  const tasksPerMs = serving.reduce((sum, { slots, serviceMs }) => sum + (serviceMs ? slots / serviceMs : 0), 0);
  return tasksPerMs > 0 ? backlog / tasksPerMs : undefined;
}
