import type { Clock } from '../clock.ts';
import type { Instance } from '../instances/instance.ts';
import { memoize } from '../memoize.ts';
import type { QueueDepth, TaskQueues } from './task-queue.ts';

/** Number of unsettled tasks of one model. Approximate. */
export interface BacklogCount {
  /** Not received by an instance. */
  waiting: number;
  /** Received and not settled. Includes tasks waiting for a retry where the queue cannot tell them apart. */
  readonly inFlight: number;
}

/** Counts the waiting tasks of each model. */
export interface Backlog {
  /** At most `FRESH_MS` old; includes the tasks passed to `note` since. Rejects with `queue_unavailable`. */
  read(model: string): Promise<BacklogCount>;
  /** Counts tasks that this process has just accepted. Does no I/O. */
  note(model: string, tasks: number): void;
}

const MAX_MODELS = 500;
/** Minimum interval between two reads of the depth, per model and process. */
const FRESH_MS = 1000;

export function createBacklog({ queues, clock }: { readonly queues: TaskQueues; readonly clock: Clock }): Backlog {
  const latest = new Map<string, BacklogCount>();
  /** Tasks accepted during a read of the depth. They may be counted twice; a high count is safe. */
  const acceptedMeanwhile = new Map<string, number>();

  async function count(model: string): Promise<BacklogCount> {
    acceptedMeanwhile.set(model, 0);
    try {
      const { visible, delayed, inFlight } = await queues(model).depth();
      const counted = { waiting: visible + delayed + (acceptedMeanwhile.get(model) ?? 0), inFlight };
      if (latest.has(model) || latest.size < MAX_MODELS) latest.set(model, counted);
      return counted;
    } finally {
      acceptedMeanwhile.delete(model);
    }
  }

  return {
    read: memoize(count, { maxEntries: MAX_MODELS, maxAgeMs: FRESH_MS, clock }),
    note(model, tasks) {
      const counted = latest.get(model);
      if (counted) counted.waiting += tasks;
      const noted = acceptedMeanwhile.get(model);
      if (noted !== undefined) acceptedMeanwhile.set(model, noted + tasks);
    },
  };
}

export interface ModelLoad {
  readonly backlog: number;
  readonly serving: readonly Pick<Instance, 'slots' | 'serviceMs'>[];
}

/**
 * Estimated milliseconds until the backlog is done. Little's law over the live slots, each of which takes the average
 * service time of its instance per task. Undefined while no instance serves or no instance has run a task.
 */
export function drainMs({ backlog, serving }: ModelLoad): number | undefined {
  const tasksPerMs = serving.reduce((sum, { slots, serviceMs }) => sum + (serviceMs ? slots / serviceMs : 0), 0);
  return tasksPerMs > 0 ? backlog / tasksPerMs : undefined;
}

/** Includes tasks in flight, because the tasks of a lost instance return to the queue. */
export const holdsTasks = ({ visible, delayed, inFlight }: QueueDepth): boolean => visible + delayed + inFlight > 0;
