import type { ModelRegistry } from '#core';
import { type DeadLetterPump, type DeadLetterPumpOptions, startDeadLetterPump } from './dead-letter-pump.ts';

interface RegisteredPumpOptions extends Omit<DeadLetterPumpOptions, 'models'> {
  readonly registry: ModelRegistry;
}

/** How soon the dead letters of a model that is new to the registry are looked at. */
const LOOK_EVERY_MS = 5_000;

/** Handles the dead letters of every model that is registered, or will be. */
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
      // Recovery: the models that are known are pumped, and the next look finds the others.
      logger.debug('The registry cannot be read; looking again.', { reason: String(error) });
    }
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
}
