import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { ModelSummary } from '../models/model-directory.ts';
import { decideInstances, type ScalingMemory } from './scale-instances.ts';

/** The scaling state of one model on a platform with a desired count. */
export interface ScaledService {
  readonly desired: number;
  /** Ids of instances that an operator has launched and not stopped. */
  readonly launched: readonly string[];
  readonly memory: ScalingMemory;
}

/** Changes how many instances a platform keeps running. Rejects with `registry_unavailable`. */
export interface InstanceScaler {
  /** Undefined for a model that the platform does not run. `live`: ids of its live instances. */
  read(model: string, live: readonly string[]): Promise<ScaledService | undefined>;
  setDesired(model: string, desired: number): Promise<void>;
  remember(model: string, memory: ScalingMemory): Promise<void>;
}

interface ScaleDeps {
  readonly scaler: InstanceScaler;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The idle time of a model whose manifest names none, where the platform stops idle instances. */
const DEFAULT_IDLE_SECONDS = 300;

/** Sets the number of instances of a model by its backlog. Rejects with `registry_unavailable`. */
export async function scaleModel(
  { scaler, clock, logger }: ScaleDeps,
  { model, live, depth }: Pick<ModelSummary, 'model' | 'live' | 'depth'>,
  minInstances: number,
): Promise<void> {
  const { name, limits } = model;
  const working = live.filter(({ state }) => state !== 'draining');
  const ids = working.map(({ id }) => id);
  const service = await scaler.read(name, ids);
  if (!service) return;
  const { desired, launched, memory } = service;
  const decided = decideInstances(
    { now: clock.now(), depth, live: working, desired, launched: launched.length },
    { min: minInstances, max: limits.maxInstances, idleMs: 1000 * (limits.idleSeconds ?? DEFAULT_IDLE_SECONDS) },
    memory,
  );
  if (decided.desired !== desired) {
    await scaler.setDesired(name, decided.desired);
    logger.info('The number of instances was changed.', { model: name, from: desired, to: decided.desired });
  }
  // A sleeping model costs no write.
  if (decided.memory.looks.length > 0 || memory.looks.length > 0) await scaler.remember(name, decided.memory);
}
