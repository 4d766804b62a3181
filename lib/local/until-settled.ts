import { type Clock, exactAddress, type ModelDirectory, ModelyardError } from '#core';
import type { InstanceReport, Supervisor } from './supervisor.ts';

const PAUSE_MS = 25;

export interface SettleOptions {
  /** The directory of the request handlers. */
  readonly models: Pick<ModelDirectory, 'served'>;
  readonly clock: Clock;
  /** Maximum wait for instances that are setting up their model. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Resolves when every instance is ready, has failed its first start, or is still setting up after `timeoutMs`. Resolves
 * at once when the signal aborts. Afterwards, the handlers find every model whose instances have not failed, so that a
 * request to a listed model is not answered with 404.
 */
export async function untilSettled(
  supervisor: Pick<Supervisor, 'report'>,
  { models, clock, timeoutMs, signal }: SettleOptions,
): Promise<readonly InstanceReport[]> {
  const deadline = clock.now() + timeoutMs;
  for (;;) {
    const reports = await supervisor.report();
    const isSettled = reports.every(
      ({ state, crashes, isPreparing }) => state === 'ready' || crashes > 0 || isPreparing,
    );
    if (signal.aborted) return reports;
    if ((isSettled || clock.now() >= deadline) && (await areServed(models, reports))) return reports;
    await clock.sleep(PAUSE_MS, signal);
  }
}

/** Whether the handlers find the models of all instances that have not failed and are not installing packages. */
async function areServed(models: Pick<ModelDirectory, 'served'>, reports: readonly InstanceReport[]): Promise<boolean> {
  const names = new Set(
    reports.filter(({ crashes, isPreparing }) => crashes === 0 && !isPreparing).map(({ model }) => model),
  );
  const ready = new Set(reports.filter(({ state }) => state === 'ready').map(({ model }) => model));
  const found = await Promise.all(
    [...names].map(async (name) => {
      try {
        const { serving } = await models.served(exactAddress(name), 0);
        return !ready.has(name) || serving.length > 0;
      } catch (error) {
        if (error instanceof ModelyardError) return false;
        throw error;
      }
    }),
  );
  return found.every(Boolean);
}
