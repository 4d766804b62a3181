import { type JsonObject, ModelyardError, type Stage as PipelineStage, type RunEvent } from '#core';
import { hasNewCode } from '../code.ts';
import type { Lifecycle } from '../lifecycle.ts';
import type { Stage, StageRun } from '../service.ts';
import { afterRun } from './backfills.ts';
import { resolveParams } from './references.ts';
import { runContainer } from './run-container.ts';
import { stageKey } from './stage-key.ts';
import { proceed, queueStages } from './start-runs.ts';
import { applyEvent, logLine, pipelinesDatabase, readRun, type StoredRun } from './stored-runs.ts';

/** As many as tasks of the worker have. */
const MAX_ATTEMPTS = 3;

/**
 * Runs one stage of a run as a task and starts what follows. If the process is killed, the task runs again: a stage
 * whose end is recorded is not run twice.
 */
export const runStep: Stage = async (lifecycle, args, task) => {
  const [id, name, generation] = [String(args.run), String(args.stage), Number(args.generation)];
  let stored = await readRun(lifecycle, id);
  const isOpen = () => {
    const stage = stored.run.stages[name];
    return stage?.state === 'queued' && stage.generation === generation;
  };
  if (isOpen()) {
    const of = { stage: name, generation };
    ({ stored } = await applyEvent(lifecycle, id, {
      type: 'stage-started',
      ...of,
      at: lifecycle.platform.clock.now(),
    }));
    const ended = await run(lifecycle, stored, name, task);
    stored = await proceed(lifecycle, id, { ...ended, ...of, at: lifecycle.platform.clock.now() } as RunEvent);
  } else if (stored.run.state === 'running') stored = await queueStages(lifecycle, stored);
  await afterRun(lifecycle, stored);
  return { state: stored.run.stages[name]?.state };
};

type Ended =
  | { readonly type: 'stage-succeeded' | 'stage-skipped'; readonly output: JsonObject }
  | { readonly type: 'stage-failed'; readonly error: string };

async function run(lifecycle: Lifecycle, stored: StoredRun, name: string, task: StageRun): Promise<Ended> {
  const { id, logical_date: logicalDate, run } = stored;
  const stage = run.pipeline.stages.find((each) => each.name === name);
  if (!stage) return { type: 'stage-failed', error: `The pipeline has no stage ${name}.` };
  try {
    const args = resolveParams(argumentsOf(stage), { run, logicalDate });
    const inputs = await lifecycle.inputsOf(stage.uses);
    const key = await stageKey(stage.uses, args, await inputs?.read(lifecycle, args));
    if (await hasNewCode()) throw new Error('The code has been edited: the worker must start again to run it.');
    const known = stage.cache === false || run.stages[name]?.fresh ? undefined : await resultOf(lifecycle, key);
    if (known) {
      await logLine(lifecycle, id, name, 'Skipped: its code, parameters and inputs have not changed.');
      return { type: 'stage-skipped', output: known };
    }
    await logLine(lifecycle, id, name, `Started ${stage.image ?? stage.uses}, attempt ${task.attempt}.`);
    const tell = (line: string) => logLine(lifecycle, id, name, line);
    const output = await (stage.image === undefined
      ? lifecycle.perform(stage.uses, args, task)
      : runContainer(lifecycle, args, { ...task, tell }));
    if (output.state === 'failed') {
      const error = String(output.reason ?? 'It has failed.');
      await logLine(lifecycle, id, name, `Failed: ${error}`);
      return { type: 'stage-failed', error };
    }
    const result = { run_id: id, stage: name, output: JSON.stringify(output) };
    await keepResult(lifecycle, { ...result, key });
    if (inputs?.left) {
      await keepResult(lifecycle, { ...result, key: await stageKey(stage.uses, args, inputs.left(output)) });
    }
    await logLine(lifecycle, id, name, 'Succeeded.');
    return { type: 'stage-succeeded', output };
  } catch (error) {
    // The lease was lost or the worker stops: the task runs again elsewhere.
    if (task.signal.aborted) throw error;
    const message = error instanceof Error ? error.message : String(error);
    const isFinal = error instanceof ModelyardError && !error.retryable;
    await logLine(lifecycle, id, name, `Attempt ${task.attempt} failed: ${message}`);
    if (!isFinal && task.attempt < MAX_ATTEMPTS) throw error;
    return { type: 'stage-failed', error: message };
  }
}

/** A container has more than parameters. */
const argumentsOf = ({ image, command, inputs, params = {} }: PipelineStage) =>
  image === undefined ? params : { image, ...(command ? { command } : {}), inputs: inputs ?? {}, params };

async function resultOf(lifecycle: Lifecycle, key: string): Promise<JsonObject | undefined> {
  const { query } = await pipelinesDatabase(lifecycle);
  const row = await query.selectFrom('results').select('output').where('key', '=', key).executeTakeFirst();
  return row && (JSON.parse(row.output) as JsonObject);
}

interface Result {
  readonly key: string;
  readonly run_id: string;
  readonly stage: string;
  readonly output: string;
}

async function keepResult(lifecycle: Lifecycle, { key, output, ...result }: Result): Promise<void> {
  const { query } = await pipelinesDatabase(lifecycle);
  await query
    .insertInto('results')
    .values({ key, output, ...result, created_at: lifecycle.platform.clock.now() })
    .onConflict((conflict) => conflict.column('key').doUpdateSet({ output, ...result }))
    .execute();
}
