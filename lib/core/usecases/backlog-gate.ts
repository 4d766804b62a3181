import { ModelyardError } from '../domain/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { TaskQueues } from '../ports/task-queue.ts';
import { drainMs } from './estimate-start.ts';
import { memoize } from './memoize.ts';
import type { ServedModel } from './model-directory.ts';

/** A backlog is asked for at most this often per model and process; what this process accepts meanwhile is added. */
const FRESH_MS = 1000;
const UNKNOWN_PACE_SECONDS = 5;
const MAX_RETRY_AFTER_SECONDS = 300;

/**
 * Makes the check that turns submits away while a model's backlog is at its limit: `backlog_full`, with
 * the seconds until there should be room at the model's present pace. Models without a limit cost nothing.
 */
export function createBacklogGate({ queues, clock }: { readonly queues: TaskQueues; readonly clock: Clock }) {
  const countFrom = async (name: string) => {
    const { visible, delayed } = await queues(name).depth();
    return { waiting: visible + delayed };
  };
  const backlogOf = memoize(countFrom, { maxEntries: 500, maxAgeMs: FRESH_MS, clock });

  return async function enter({ model, serving }: Pick<ServedModel, 'model' | 'serving'>): Promise<void> {
    const { maxBacklog } = model.limits;
    if (maxBacklog === undefined) return;
    const backlog = await backlogOf(model.name);
    if (backlog.waiting < maxBacklog) {
      backlog.waiting++;
      return;
    }
    const ms = drainMs({ backlog: backlog.waiting - maxBacklog + 1, serving });
    throw new ModelyardError('backlog_full', `The model ${model.name} has ${backlog.waiting} tasks waiting already.`, {
      retryable: true,
      retryAfterSeconds:
        ms === undefined ? UNKNOWN_PACE_SECONDS : Math.min(MAX_RETRY_AFTER_SECONDS, Math.max(1, Math.ceil(ms / 1000))),
    });
  };
}
