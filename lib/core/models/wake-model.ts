import type { Clock } from '../clock.ts';
import type { InstanceController } from '../instances/control-instances.ts';
import { type Instance, isAlive } from '../instances/instance.ts';
import type { Logger } from '../logger.ts';
import { memoize } from '../memoize.ts';
import type { Model } from './model.ts';
import type { ServedModel } from './model-directory.ts';
import type { ModelRegistry } from './model-registry.ts';

interface WakeDeps {
  readonly registry: ModelRegistry;
  readonly instances: InstanceController;
  readonly clock: Clock;
}

/** How long a waking caller excludes others. */
const WAKE_LOCK_MS = 60_000;
/** Pause between two attempts per process. */
const ASK_AGAIN_MS = 2000;
const MAX_MODELS = 500;

/**
 * Launches one instance of a model without instances. Of concurrent callers exactly one launches: the one whose
 * conditional write of `wakingUntil` succeeds. Resolves with whether it was this one.
 */
export async function wakeModel(
  { registry, instances, clock }: WakeDeps,
  { model: name, known }: { readonly model: string; readonly known: readonly Instance[] },
): Promise<boolean> {
  const now = clock.now();
  if (known.some((instance) => isAlive(instance, now) && instance.state !== 'draining')) return false;
  const model = await registry.readModel(name);
  if (!model || (model.wakingUntil ?? 0) > now) return false;
  const lock = { ...model, wakingUntil: now + WAKE_LOCK_MS, version: model.version + 1 };
  if (!(await registry.writeModel(lock))) return false;
  try {
    // A new instance may not have registered yet.
    const launched = (await instances.list(name)).some(({ state }) => state !== 'draining');
    if (!launched) await (instances.wake ? instances.wake(name) : instances.launch(name));
    else await registry.writeModel(unlocked(lock));
    return !launched;
  } catch (error) {
    // Nothing was launched, so the next submit may try at once.
    await registry.writeModel(unlocked(lock));
    throw error;
  }
}

/** Releases the wake lock when the instance that it launched has ended. A later lock stays. */
export async function endWake(
  registry: ModelRegistry,
  { model: name, startedAt }: Pick<Instance, 'model' | 'startedAt'>,
): Promise<void> {
  const model = await registry.readModel(name);
  if (model?.wakingUntil === undefined || model.wakingUntil - WAKE_LOCK_MS > startedAt) return;
  // If the version differs, another writer has changed the lock, or it ends within a minute.
  await registry.writeModel(unlocked(model));
}

const unlocked = ({ wakingUntil: _, ...model }: Model): Model => ({ ...model, version: model.version + 1 });

interface WakerDeps extends Omit<WakeDeps, 'instances'> {
  readonly instances?: InstanceController;
  readonly logger: Logger;
}

/**
 * Wakes a sleeping model without live instances. Does nothing for other models. Never rejects, because the task is
 * already accepted and the next caller tries again.
 */
export function createWaker({ registry, instances, clock, logger }: WakerDeps) {
  const wake = async (name: string): Promise<boolean> => {
    if (!instances) return false;
    const woken = await wakeModel({ registry, instances, clock }, { model: name, known: [] });
    if (woken) logger.info('Waking an instance.', { model: name });
    return woken;
  };
  const wakeOnce = memoize(wake, { maxEntries: MAX_MODELS, maxAgeMs: ASK_AGAIN_MS, clock });

  return async function wakeWhenAsleep({ model, live }: Pick<ServedModel, 'model' | 'live'>): Promise<void> {
    if (!instances || !(instances.sleeps || model.limits.idleSeconds !== undefined)) return;
    if (live.some(({ state }) => state !== 'draining')) return;
    try {
      await wakeOnce(model.name);
    } catch (error) {
      logger.warn('A model could not be woken.', { model: model.name, reason: String(error) });
    }
  };
}
