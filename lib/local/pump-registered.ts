import type { Clock, Logger, ModelRegistry } from '#core';
import { type DeadLetterPump, type DeadLetterPumpOptions, startDeadLetterPump } from './dead-letter-pump.ts';

interface RegisteredPumpOptions extends Omit<DeadLetterPumpOptions, 'models'> {
  readonly registry: ModelRegistry;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How soon the dead letters of a model that is new to the registry are looked at. */
const LOOK_EVERY_MS = 5_000;

/** Handles the dead letters of every model that is registered, or will be. */
export function pumpRegisteredModels(options: RegisteredPumpOptions): DeadLetterPump {
  const stopping = new AbortController();
  const pumps = new Map<string, DeadLetterPump>();
  const watching = watch(options, pumps, stopping.signal);
  return {
    async stop() {
      stopping.abort();
      await watching;
      await Promise.all([...pumps.values()].map((pump) => pump.stop()));
    },
  };
}

async function watch(
  { registry, ...options }: RegisteredPumpOptions,
  pumps: Map<string, DeadLetterPump>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const { models } = await registry.snapshot();
      for (const { name } of models) {
        if (!pumps.has(name)) pumps.set(name, startDeadLetterPump({ ...options, models: [name] }));
      }
    } catch (error) {
      // Recovery: the models that are known are pumped, and the next look finds the others.
      options.logger.debug('The registry cannot be read; looking again.', { reason: String(error) });
    }
    await options.clock.sleep(LOOK_EVERY_MS, signal);
  }
}
