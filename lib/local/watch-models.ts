import type { HandlerDeps } from '#api';
import { type Clock, holdsTasks, type ModelSummary } from '#core';

interface WatchOptions {
  /** Models that have their queues. */
  readonly known: readonly string[];
  /** Gives a model that registered from outside of this system what it needs; is called again when it rejects. */
  readonly onNewcomer: (model: string) => Promise<void>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const LOOK_MS = 2_000;

/**
 * Until the signal aborts, looks after what no request looks after: models that registered from
 * elsewhere, and tasks that came back to the queue of a model that is asleep.
 */
export async function watchModels(
  { models, wakeWhenAsleep, logger }: Pick<HandlerDeps, 'models' | 'wakeWhenAsleep' | 'logger'>,
  { known, onNewcomer, clock, signal }: WatchOptions,
): Promise<void> {
  const equipped = new Set(known);

  async function equip({ model: { name } }: ModelSummary): Promise<void> {
    if (equipped.has(name)) return;
    try {
      await onNewcomer(name);
      equipped.add(name);
      logger.info('A model has registered from elsewhere.', { model: name });
    } catch (error) {
      logger.warn('A model from elsewhere could not be given its queue; trying again.', {
        model: name,
        reason: String(error),
      });
    }
  }

  for (;;) {
    await clock.sleep(LOOK_MS, signal);
    if (signal.aborted) return;
    // While the registry is away there is nothing to see.
    const summaries = await models.all().catch(() => []);
    await Promise.all(summaries.map(equip));
    // Reads each contract once, so that nobody needs the registry for it while the registry is away.
    await Promise.all(summaries.map(({ model }) => models.served(model.name).catch(() => undefined)));
    await Promise.all(summaries.filter(hasTasks).map(wakeWhenAsleep));
  }
}

const hasTasks = ({ depth }: ModelSummary): boolean => depth !== undefined && holdsTasks(depth);
