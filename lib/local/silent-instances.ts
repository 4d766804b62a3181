import type { Clock } from '#core';
import type { InstanceReport, Supervisor } from './supervisor.ts';

const LOOK_MS = 5_000;
/** A machine that was asleep hears the first heartbeats within ten seconds; looks count waking time only. */
const PATIENT_LOOKS = 4;

/**
 * Until the signal aborts, restarts instances that live but were not heard of for longer than heartbeats
 * may be late: their event loop is stuck, so no task and no stop signal gets through to them.
 */
export async function restartSilentInstances(
  supervisor: Pick<Supervisor, 'report' | 'restart'>,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  /** By process, the looks since it was heard of. One that was never ready may take its time to set up. */
  let silence: ReadonlyMap<number, number> = new Map();
  for (;;) {
    await clock.sleep(LOOK_MS, signal);
    if (signal.aborted) return;
    // While the registry is away nobody can be heard, and that is not their fault.
    const reports = await supervisor.report().catch(() => undefined);
    if (reports) silence = restartSilent(supervisor, reports, silence);
  }
}

function restartSilent(
  supervisor: Pick<Supervisor, 'restart'>,
  reports: readonly InstanceReport[],
  before: ReadonlyMap<number, number>,
): ReadonlyMap<number, number> {
  const silence = new Map<number, number>();
  for (const { id, pid, state } of reports) {
    if (pid === undefined) continue;
    const looks = state === 'ready' ? 0 : (before.get(pid) ?? Number.NaN) + 1;
    if (looks > PATIENT_LOOKS && state === 'starting') {
      supervisor.restart(id, 'Is stuck: it has not been heard of for too long, and is killed.');
    } else if (!Number.isNaN(looks)) silence.set(pid, looks);
  }
  return silence;
}
