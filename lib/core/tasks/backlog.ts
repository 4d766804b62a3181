import type { Clock } from '../clock.ts';
import { ModelyardError } from '../errors.ts';
import type { Instance } from '../instances/instance.ts';
import { memoize } from '../memoize.ts';
import type { ServedModel } from '../models/model-directory.ts';
import type { QueueDepth, TaskQueues } from './task-queue.ts';

/** Tasks of one model, as far as this process knows. */
export interface BacklogCount {
  /** Not yet in an instance's hands. */
  waiting: number;
  /** Received by an instance and not settled, or waiting for a retry where the queue cannot tell the two apart. */
  readonly inFlight: number;
}

/** How many tasks wait for each model. */
export interface Backlog {
  /** At most `FRESH_MS` old, what was noted since included. Rejects with `queue_unavailable`. */
  read(model: string): Promise<BacklogCount>;
  /** Adds a task that this process has accepted since the count was read; costs nothing. */
  note(model: string): void;
}

const MAX_MODELS = 500;
/** A backlog is asked for at most this often per model and process. */
const FRESH_MS = 1000;

export function createBacklog({ queues, clock }: { readonly queues: TaskQueues; readonly clock: Clock }): Backlog {
  const latest = new Map<string, BacklogCount>();
  /** Accepted while a count is under way, which may have come too early for them: rather too many than too few. */
  const meanwhile = new Map<string, number>();

  async function count(model: string): Promise<BacklogCount> {
    meanwhile.set(model, 0);
    try {
      const { visible, delayed, inFlight } = await queues(model).depth();
      const counted = { waiting: visible + delayed + (meanwhile.get(model) ?? 0), inFlight };
      if (latest.has(model) || latest.size < MAX_MODELS) latest.set(model, counted);
      return counted;
    } finally {
      meanwhile.delete(model);
    }
  }

  return {
    read: memoize(count, { maxEntries: MAX_MODELS, maxAgeMs: FRESH_MS, clock }),
    note(model) {
      const counted = latest.get(model);
      if (counted) counted.waiting++;
      const noted = meanwhile.get(model);
      if (noted !== undefined) meanwhile.set(model, noted + 1);
    },
  };
}

const UNKNOWN_PACE_SECONDS = 5;
const MAX_RETRY_AFTER_SECONDS = 300;

/**
 * Makes the check that turns submits away while a model's backlog is at its limit: `backlog_full`, with
 * the seconds until there should be room at the model's present pace. Models without a limit cost nothing.
 */
export function createBacklogGate(backlog: Backlog) {
  return async function enter({ model, serving }: Pick<ServedModel, 'model' | 'serving'>): Promise<void> {
    const { maxBacklog } = model.limits;
    if (maxBacklog === undefined) return backlog.note(model.name);
    const { waiting } = await backlog.read(model.name);
    if (waiting < maxBacklog) return backlog.note(model.name);
    const ms = drainMs({ backlog: waiting - maxBacklog + 1, serving });
    throw new ModelyardError('backlog_full', `The model ${model.name} has ${waiting} tasks waiting already.`, {
      retryable: true,
      retryAfterSeconds:
        ms === undefined ? UNKNOWN_PACE_SECONDS : Math.min(MAX_RETRY_AFTER_SECONDS, Math.max(1, Math.ceil(ms / 1000))),
    });
  };
}

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

/** Whether a queue has tasks that are not dead letters; those in flight too, because what an instance loses comes back. */
export const holdsTasks = ({ visible, delayed, inFlight }: QueueDepth): boolean => visible + delayed + inFlight > 0;
