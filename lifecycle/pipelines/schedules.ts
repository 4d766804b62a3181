import { Cron } from 'croner';
import type { Pipeline } from '#core';
import type { Lifecycle } from '../lifecycle.ts';
import { startRetraining } from './retraining.ts';
import { startRun } from './start-runs.ts';
import { pipelinesDatabase } from './stored-runs.ts';

/** The fault of a cron expression. Undefined for a valid or a missing one. */
export function scheduleFault(schedule: unknown): string | undefined {
  if (schedule === undefined) return undefined;
  if (typeof schedule !== 'string') return 'must be a cron expression';
  try {
    return new Cron(schedule, { paused: true, timezone: 'UTC' }).nextRun() ? undefined : 'never comes due';
  } catch {
    return 'must be a cron expression such as 0 6 * * *';
  }
}

/**
 * Starts the runs that have come due between two times. Several processes may do so: the run of a time exists once.
 */
export async function startDueRuns(lifecycle: Lifecycle, since: number, until: number): Promise<void> {
  const { query } = await pipelinesDatabase(lifecycle);
  for (const { definition, owner } of await query.selectFrom('pipelines').selectAll().execute()) {
    const pipeline = JSON.parse(definition) as Pipeline;
    if (pipeline.schedule === undefined) continue;
    const due = new Cron(pipeline.schedule, { paused: true, timezone: 'UTC' }).nextRun(new Date(since));
    if (!due || due.getTime() > until) continue;
    if (pipeline.retraining) {
      await startRetraining(lifecycle, { pipeline, owner, at: due.getTime(), reason: 'Started by its schedule.' });
      continue;
    }
    const cause = `schedule:${due.toISOString()}`;
    await startRun(lifecycle, { pipeline, owner, logicalDate: due.toISOString().slice(0, 10), cause });
  }
}
