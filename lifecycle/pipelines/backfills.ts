import { type BackfillStep, logicalDates, ModelyardError, type Pipeline } from '#core';
import type { Lifecycle } from '../lifecycle.ts';
import { proceed, runIdOf, startRun } from './start-runs.ts';
import { pipelinesDatabase, type StoredRun, toStored } from './stored-runs.ts';

/** A range of logical dates, which run one after the other. */
export interface Backfill {
  readonly from: string;
  readonly to: string;
  readonly step: BackfillStep;
}

const PREFIX = 'backfill:';

const causeOf = ({ from, to, step }: Backfill): string => `${PREFIX}${from}/${to}/${step}`;

function backfillOf(cause: string): Backfill | undefined {
  if (!cause.startsWith(PREFIX)) return undefined;
  const [from = '', to = '', step = ''] = cause.slice(PREFIX.length).split('/');
  return { from, to, step: step as BackfillStep };
}

interface Owned {
  readonly pipeline: Pipeline;
  readonly owner: string;
}

/**
 * Starts or resumes a backfill at its first date that has not succeeded. Resolves with the run of that date, or with the
 * last run when all have succeeded.
 */
export async function continueBackfill(lifecycle: Lifecycle, backfill: Backfill, owned: Owned): Promise<StoredRun> {
  const dates = logicalDates(backfill.from, backfill.to, backfill.step);
  const cause = causeOf(backfill);
  const { query } = await pipelinesDatabase(lifecycle);
  let last: StoredRun | undefined;
  for (const logicalDate of dates) {
    const id = runIdOf({ pipeline: owned.pipeline, cause, logicalDate });
    const row = await query.selectFrom('runs').selectAll().where('id', '=', id).executeTakeFirst();
    if (!row) return startRun(lifecycle, { ...owned, logicalDate, cause });
    last = toStored(row);
    if (row.state === 'succeeded') continue;
    const from = firstOpenStage(last);
    return row.state === 'running' || from === undefined ? last : proceed(lifecycle, id, { type: 'retried', from });
  }
  if (!last) throw new ModelyardError('invalid_request', 'The backfill has no dates.');
  return last;
}

/** Starts the next date of the backfill that a run belongs to. */
export async function afterRun(lifecycle: Lifecycle, { run, cause, owner }: StoredRun): Promise<void> {
  const backfill = backfillOf(cause);
  if (!backfill || run.state !== 'succeeded') return;
  await continueBackfill(lifecycle, backfill, { pipeline: run.pipeline, owner });
}

/** Where a retry starts unless it says so. Undefined when every stage is done. */
export const firstOpenStage = ({ run }: StoredRun): string | undefined =>
  run.pipeline.stages.find(({ name }) => !['succeeded', 'skipped'].includes(run.stages[name]?.state ?? ''))?.name;
