import { LIFECYCLE_SERVICES } from '#core';
import type { Lifecycle } from './lifecycle.ts';
import { relayAll } from './relay.ts';
import { loadService } from './services.ts';

const TICK_MS = 5_000;

/**
 * Does what is due in a process that stays: delivers events that others have left behind, and starts what schedules want.
 * Several processes may do so. Ends when the process does.
 */
export function startTicker(lifecycle: Lifecycle): void {
  const { platform, stores, logger } = lifecycle;
  let last = platform.clock.now();
  let isBusy = false;

  async function tick(): Promise<void> {
    if (isBusy) return;
    isBusy = true;
    const now = platform.clock.now();
    try {
      await relayAll(lifecycle);
      for (const name of LIFECYCLE_SERVICES.filter((service) => stores.hasDatabase(service))) {
        await (await loadService(name)).tick?.(lifecycle, { since: last, until: now });
      }
      last = now;
    } catch (error) {
      logger.warn('What is due in the lifecycle could not be started yet.', { reason: String(error) });
    } finally {
      isBusy = false;
    }
  }

  setInterval(tick, TICK_MS).unref();
}
