import type { HandlerDeps } from '#api';
import { type Clock, exactAddress, holdsTasks, type ModelSummary } from '#core';

interface WatchOptions {
  /** Models whose queues exist. */
  readonly known: readonly string[];
  /** Creates the queues of a model that registered from outside this system. Called again after a rejection. */
  readonly onNewModel: (model: string) => Promise<void>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const LOOK_MS = 2_000;

/**
 * Until the signal aborts: creates the queues of models that register from outside, and wakes sleeping models whose
 * tasks have returned to the queue.
 */
export async function watchModels(
  { models, wakeWhenAsleep, logger }: Pick<HandlerDeps, 'models' | 'wakeWhenAsleep' | 'logger'>,
  { known, onNewModel, clock, signal }: WatchOptions,
): Promise<void> {
  const equipped = new Set(known);

  async function equip({ model: { name } }: ModelSummary): Promise<void> {
    if (equipped.has(name)) return;
    try {
      await onNewModel(name);
      equipped.add(name);
      logger.info('A new model has registered.', { model: name });
    } catch (error) {
      logger.warn('The queues of a model could not be created; retrying.', {
        model: name,
        reason: String(error),
      });
    }
  }

  for (;;) {
    await clock.sleep(LOOK_MS, signal);
    if (signal.aborted) return;
    // Recovery: retried at the next interval.
    const summaries = await models.all().catch(() => []);
    await Promise.all(summaries.map(equip));
    // Caches each contract, so that requests need no registry during an outage.
    await Promise.all(summaries.map(({ model }) => models.served(exactAddress(model.name)).catch(() => undefined)));
    await Promise.all(summaries.filter(hasTasks).map(wakeWhenAsleep));
  }
}

const hasTasks = ({ depth }: ModelSummary): boolean => depth !== undefined && holdsTasks(depth);
