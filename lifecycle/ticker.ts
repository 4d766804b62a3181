import type { LifecycleService } from '#core';
import { startDue } from './due.ts';
import type { Lifecycle } from './lifecycle.ts';

const TICK_MS = 5_000;

/**
 * Does what is due in a process that stays: delivers events that others have left behind, and starts what schedules want.
 * Several processes may do so. Ends when the process does.
 */
export function startTicker(lifecycle: Lifecycle): void {
  const { clock } = lifecycle.platform;
  let last = clock.now();
  const behind = new Map<LifecycleService, number>();
  let isBusy = false;

  async function tick(): Promise<void> {
    if (isBusy) return;
    isBusy = true;
    const [since, until] = [last, clock.now()];
    const failed = await startDue(lifecycle, { since: (service) => behind.get(service) ?? since, until });
    for (const service of failed) if (!behind.has(service)) behind.set(service, since);
    for (const service of behind.keys()) if (!failed.includes(service)) behind.delete(service);
    last = until;
    isBusy = false;
  }

  setInterval(tick, TICK_MS).unref();
}
