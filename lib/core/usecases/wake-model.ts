import { type Instance, isAlive } from '../domain/instance.ts';
import type { Clock } from '../ports/clock.ts';
import type { InstanceController } from '../ports/instance-controller.ts';
import type { ModelRegistry } from '../ports/model-registry.ts';

interface WakeDeps {
  readonly registry: ModelRegistry;
  readonly instances: InstanceController;
  readonly clock: Clock;
}

/** How long one waker is trusted to bring an instance up before another may try. */
const WAKE_LOCK_MS = 60_000;

/**
 * Launches one instance of a model that has none. Of any number of simultaneous callers exactly one
 * launches: the one whose conditional write of `wakingUntil` wins. Resolves with whether it was this one.
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
    await instances.launch(name);
    return true;
  } catch (error) {
    // The next submit may try at once: nobody is on the way.
    await registry.writeModel({ ...lock, wakingUntil: now, version: lock.version + 1 });
    throw error;
  }
}
