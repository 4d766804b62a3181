import { ModelyardError } from '../errors.ts';
import type { ServedModel } from '../models/model-directory.ts';
import type { Backlog } from './backlog.ts';
import { drainMs } from './estimate-start.ts';

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
