import { ModelyardError } from '#core';
import type { ServingLifecycle } from './service.ts';

/**
 * Rejects with `model_not_found` for a name that is neither a served model nor a registered one of MLflow. While one of
 * both cannot be read, the name may be known.
 */
export async function requireModel({ deps, ask }: ServingLifecycle, model: string): Promise<void> {
  try {
    await deps.models.known(model);
  } catch (error) {
    if (!(error instanceof ModelyardError) || error.code !== 'model_not_found') return;
    const { registered } = await ask('training', 'is-registered', { model }).catch(() => ({ registered: true }));
    if (!registered) throw error;
  }
}
