import type { ModelRegistry } from '#core';
import { type DeadLetterPump, type DeadLetterPumpOptions, startDeadLetterPump } from './dead-letter-pump.ts';

interface RegisteredPumpOptions extends Omit<DeadLetterPumpOptions, 'models'> {
  readonly registry: ModelRegistry;
}

/** Interval of looking for new models. */
const LOOK_EVERY_MS = 5_000;

/** Processes the dead letters of all registered models. */
export function pumpRegisteredModels({ registry, ...options }: RegisteredPumpOptions): Pick<DeadLetterPump, 'stop'> {
  const stopping = new AbortController();
  const pump = startDeadLetterPump({ ...options, models: [] });
  const watching = watch({ registry, ...options }, (model) => pump.add(model), stopping.signal);
  return {
    async stop() {
      stopping.abort();
      await watching;
      await pump.stop();
    },
  };
}

async function watch(
  { registry, clock, logger }: RegisteredPumpOptions,
  add: (model: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const known = new Set<string>();
  while (!signal.aborted) {
    try {
      const { models } = await registry.snapshot();
      for (const { name } of models.filter((model) => !known.has(model.name))) {
        known.add(name);
        add(name);
      }
    } catch (error) {
      // Recovery: known models are processed; the next look finds new ones.
      logger.debug('The registry cannot be read; looking again.', { reason: String(error) });
    }
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
}
