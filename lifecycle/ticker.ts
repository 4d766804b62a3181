import type { LifecycleService } from '#core';
import { startDue } from './due.ts';
import type { Lifecycle } from './lifecycle.ts';

const TICK_MS = 5_000;

/**
 * Runs due work in a long-running process: delivers events that stopped processes left undelivered, and starts
 * scheduled runs. Safe to run in several processes. Ends with the process.
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
