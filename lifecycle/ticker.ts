import { LIFECYCLE_SERVICES, type LifecycleService } from '#core';
import { startDueOf } from './due.ts';
import type { Lifecycle } from './lifecycle.ts';
import { wakeForWaiting } from './stages.ts';

const TICK_MS = 5_000;

/**
 * Runs due work in a long-running process: delivers events that stopped processes left undelivered, and starts
 * scheduled runs. No service waits for another one. Safe to run in several processes. Ends with the process.
 */
export function startTicker(lifecycle: Lifecycle): void {
  const { stores, platform } = lifecycle;
  const startedAt = platform.clock.now();
  /** Until when the due work of a service has been started. */
  const known = new Map<LifecycleService, number>();

  async function tick(name: LifecycleService): Promise<void> {
    const until = platform.clock.now();
    const isDone =
      !stores.hasDatabase(name) || (await startDueOf(lifecycle, name, { since: known.get(name) ?? startedAt, until }));
    if (isDone) known.set(name, until);
  }

  const jobs = [
    // Recovery: the next one wakes it.
    alone(() => wakeForWaiting(lifecycle).catch(() => undefined)),
    ...LIFECYCLE_SERVICES.map((name) => alone(() => tick(name))),
  ];
  setInterval(() => jobs.forEach((job) => void job()), TICK_MS).unref();
}

/** Does nothing while the run before lasts. */
function alone(run: () => Promise<void>): () => Promise<void> {
  let isBusy = false;
  return async function runAlone() {
    if (isBusy) return;
    isBusy = true;
    await run();
    isBusy = false;
  };
}
