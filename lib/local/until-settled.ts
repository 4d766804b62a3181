import type { Clock } from '#core';
import type { InstanceReport, Supervisor } from './supervisor.ts';

const PAUSE_MS = 25;

/** Resolves when every instance is ready or has failed its first start, or when the time is up or the signal aborts. */
export async function untilSettled(
  supervisor: Pick<Supervisor, 'report'>,
  { clock, timeoutMs, signal }: { readonly clock: Clock; readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<readonly InstanceReport[]> {
  const deadline = clock.now() + timeoutMs;
  for (;;) {
    const reports = await supervisor.report();
    const isSettled = reports.every(({ state, crashes }) => state === 'ready' || crashes > 0);
    if (isSettled || signal.aborted || clock.now() >= deadline) return reports;
    await clock.sleep(PAUSE_MS, signal);
  }
}
