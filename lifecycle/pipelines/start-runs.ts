import { v5 as uuidV5, v7 as uuidV7 } from 'uuid';
import { isTerminal, newPipelineRun, type Pipeline, type RunEvent, type Task } from '#core';
import type { Lifecycle } from '../lifecycle.ts';
import { startStage } from '../stages.ts';
import { applyEvent, logLine, pipelinesDatabase, readRun, type StoredRun } from './stored-runs.ts';

/** Namespace of the ids of runs that belong to a date of a backfill or a schedule. */
const RUNS = '0d5c2b0e-7b0e-5f0a-9f57-0a4a2f3c8d11';

interface NewRun {
  readonly pipeline: Pipeline;
  readonly owner: string;
  /** `YYYY-MM-DD`. */
  readonly logicalDate: string;
  /** The backfill or the schedule that wants it. Its run of a date exists once. */
  readonly cause?: string;
}

export const runIdOf = ({
  pipeline,
  cause,
  logicalDate,
}: Pick<NewRun, 'pipeline' | 'cause' | 'logicalDate'>): string =>
  cause === undefined ? uuidV7() : uuidV5(JSON.stringify([pipeline.name, cause, logicalDate]), RUNS);

/** Starts a run. If its cause has one of the same date, that is the run. */
export async function startRun(lifecycle: Lifecycle, wanted: NewRun): Promise<StoredRun> {
  const { pipeline, owner, logicalDate, cause = '' } = wanted;
  const { query } = await pipelinesDatabase(lifecycle);
  const now = lifecycle.platform.clock.now();
  const id = runIdOf(wanted);
  await query
    .insertInto('runs')
    .values({
      ...{ id, pipeline: pipeline.name, logical_date: logicalDate, cause, owner, state: 'running' },
      ...{ document: JSON.stringify(newPipelineRun(pipeline)), version: 1, created_at: now, updated_at: now },
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
  return proceed(lifecycle, id, { type: 'begun' });
}

/**
 * Applies an event to a run and executes the resulting commands. If this process ends in between, the next call for the
 * run repeats them; idempotency keys start each task once.
 */
export async function proceed(lifecycle: Lifecycle, id: string, event: RunEvent): Promise<StoredRun> {
  const { stored, commands } = await applyEvent(lifecycle, id, event);
  const { platform } = lifecycle;
  for (const command of commands) {
    if (command.type === 'cancel') {
      const task = await taskOf(lifecycle, stored, command.stage);
      await platform.tasks.apply(task.id, { type: 'canceled', at: platform.clock.now() });
    }
    if (command.type === 'end') await logLine(lifecycle, id, '', `The run has ended as ${command.state}.`);
  }
  return queueStages(lifecycle, stored);
}

/**
 * Starts the tasks of all stages that are queued; those that were started before stay as they are. A stage whose task
 * was given up fails.
 */
export async function queueStages(lifecycle: Lifecycle, stored: StoredRun): Promise<StoredRun> {
  for (const [stage, { state, generation }] of Object.entries(stored.run.stages)) {
    if (state !== 'queued') continue;
    const task = await taskOf(lifecycle, stored, stage);
    if (!isTerminal(task.state) || task.state === 'succeeded') continue;
    const error = task.error?.message ?? `The task of the stage has ended as ${task.state}.`;
    const at = lifecycle.platform.clock.now();
    return proceed(lifecycle, stored.id, { type: 'stage-failed', stage, generation, at, error });
  }
  return stored;
}

/** The task of a stage. It is started if it was not. */
function taskOf(lifecycle: Lifecycle, { id, owner, run }: StoredRun, stage: string): Promise<Task> {
  const generation = run.stages[stage]?.generation ?? 1;
  const args = { run: id, stage, generation };
  const key = `${id}/${stage}/${generation}`;
  return startStage(lifecycle, { service: 'pipelines', stage: 'step', args, owner, key });
}

/** Continues the runs whose process has ended. */
export async function resumeRuns(lifecycle: Lifecycle): Promise<void> {
  const { query } = await pipelinesDatabase(lifecycle);
  const running = await query.selectFrom('runs').select('id').where('state', '=', 'running').execute();
  for (const { id } of running) await queueStages(lifecycle, await readRun(lifecycle, id));
}
