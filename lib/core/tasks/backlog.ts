import type { Clock } from '../clock.ts';
import { memoize } from '../memoize.ts';
import type { TaskQueues } from './task-queue.ts';

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
