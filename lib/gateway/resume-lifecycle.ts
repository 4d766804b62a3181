import type { HandlerDeps } from '#api';
import { LIFECYCLE_SERVICES } from '#core';

/** The start of the process does not wait for it. */
const AFTER_MS = 3_000;

/** Starts what is due in a lifecycle that was used before. Without it, due work would wait for the first request. */
export function resumeLifecycle(deps: Pick<HandlerDeps, 'platform' | 'logger'>, afterMs = AFTER_MS): Disposable {
  const { platform, logger } = deps;

  async function resume(): Promise<void> {
    const stores = await platform.lifecycle?.();
    if (!LIFECYCLE_SERVICES.some((service) => stores?.hasDatabase(service))) return;
    const { lifecycleOf } = await import('#lifecycle/handler.ts');
    await lifecycleOf(deps, { staysRunning: true });
  }
  const timer = setTimeout(
    // Recovery: the first request to the lifecycle starts it, and tells what is missing.
    () => resume().catch((error: unknown) => logger.debug('There is no lifecycle.', { reason: String(error) })),
    afterMs,
  );
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}
