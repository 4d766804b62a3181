import type { Clock } from '#core';
import type { InstanceReport, Supervisor } from './supervisor.ts';

const LOOK_MS = 5_000;
/** Checks without a heartbeat before a restart. After sleep mode, heartbeats arrive within ten seconds. */
const MAX_SILENT_CHECKS = 4;

/**
 * Until the signal aborts: restarts running instances whose heartbeats are overdue. Their event loop is blocked, so
 * they process neither tasks nor stop signals.
 */
export async function restartSilentInstances(
  supervisor: Pick<Supervisor, 'report' | 'restart'>,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  /** Number of checks without a heartbeat, by process. Instances that were never ready are not counted. */
  let silence: ReadonlyMap<number, number> = new Map();
  for (;;) {
    await clock.sleep(LOOK_MS, signal);
    if (signal.aborted) return;
    // During an outage of the registry, no heartbeat can arrive.
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
    const checks = state === 'ready' ? 0 : (before.get(pid) ?? Number.NaN) + 1;
    if (checks > MAX_SILENT_CHECKS && state === 'starting') {
      supervisor.restart(id, 'Killed: no heartbeat for too long.');
    } else if (!Number.isNaN(checks)) silence.set(pid, checks);
  }
  return silence;
}
