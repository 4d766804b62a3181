import { type Pipeline, type Stage, withDescendants } from './pipeline.ts';

export type StageState = 'waiting' | 'queued' | 'succeeded' | 'skipped' | 'failed' | 'canceled';

export type RunState = 'running' | 'succeeded' | 'failed' | 'canceled';

/** One stage of a run. Times are Unix milliseconds. */
export interface StageRun {
  readonly state: StageState;
  /** Increases with each retry. Events of an earlier generation are ignored. */
  readonly generation: number;
  /** Runs even if its result is known. */
  readonly fresh?: boolean;
  /** What the stage produced, as JSON. Present once it has succeeded or was skipped. */
  readonly output?: unknown;
  readonly error?: string;
  readonly startedAt?: number;
  readonly endedAt?: number;
}

/** One run of a pipeline. */
export interface PipelineRun {
  readonly pipeline: Pipeline;
  readonly state: RunState;
  readonly stages: Readonly<Record<string, StageRun>>;
}

interface OfStage {
  readonly stage: string;
  readonly generation: number;
  /** Unix milliseconds. */
  readonly at: number;
}

/** An event of a run. Events may arrive repeatedly, late and in any order. */
export type RunEvent =
  | { readonly type: 'begun' }
  | ({ readonly type: 'stage-started' } & OfStage)
  /** `skipped`: the same code, parameters and inputs have been run before, with this output. */
  | ({ readonly type: 'stage-succeeded' | 'stage-skipped'; readonly output: unknown } & OfStage)
  | ({ readonly type: 'stage-failed'; readonly error: string } & OfStage)
  | { readonly type: 'canceled'; readonly at: number }
  /** Runs this stage and all that follow it again. Only for a run that has ended. */
  | { readonly type: 'retried'; readonly from: string };

/** The next action. Must be idempotent. */
export type RunCommand =
  /** `fresh`: run it even if its result is known. */
  | { readonly type: 'run'; readonly stage: string; readonly generation: number; readonly fresh: boolean }
  | { readonly type: 'cancel'; readonly stage: string; readonly generation: number }
  | { readonly type: 'end'; readonly state: Exclude<RunState, 'running'> };

export interface Advanced {
  readonly run: PipelineRun;
  readonly commands: readonly RunCommand[];
}

/** A run of which nothing has started. The event `begun` starts it. */
export const newPipelineRun = (pipeline: Pipeline): PipelineRun => ({
  pipeline,
  state: 'running',
  stages: Object.fromEntries(pipeline.stages.map(({ name }) => [name, { state: 'waiting', generation: 1 }])),
});

/** The run after an event, and the commands to execute. An event that does not fit the run changes nothing. */
export function advance(run: PipelineRun, event: RunEvent): Advanced {
  if (event.type === 'retried') return retry(run, event.from);
  if (run.state !== 'running') return { run, commands: [] };
  if (event.type === 'begun') return proceed(run);
  if (event.type === 'canceled') return cancel(run, event.at);
  const stage = run.stages[event.stage];
  if (stage?.state !== 'queued' || stage.generation !== event.generation) return { run, commands: [] };
  if (event.type === 'stage-started') {
    const startedAt = stage.startedAt ?? event.at;
    return { run: withStages(run, { [event.stage]: { ...stage, startedAt } }), commands: [] };
  }
  return proceed(withStages(run, { [event.stage]: endedStage(stage, event) }));
}

type StageEnd = Extract<RunEvent, { readonly type: 'stage-succeeded' | 'stage-skipped' | 'stage-failed' }>;

function endedStage(stage: StageRun, event: StageEnd): StageRun {
  const ended = { ...stage, startedAt: stage.startedAt ?? event.at, endedAt: event.at };
  if (event.type === 'stage-failed') return { ...ended, state: 'failed', error: event.error };
  return { ...ended, state: event.type === 'stage-skipped' ? 'skipped' : 'succeeded', output: event.output };
}

const isDone = (stage: StageRun | undefined): boolean => stage?.state === 'succeeded' || stage?.state === 'skipped';

/** Queues every stage whose inputs are there. Ends the run when nothing is queued any more. */
function proceed(run: PipelineRun): Advanced {
  const ready = run.pipeline.stages.filter((stage) => isReady(run, stage)).map(({ name }) => name);
  const next = withStages(
    run,
    Object.fromEntries(ready.map((name) => [name, { ...(run.stages[name] as StageRun), state: 'queued' as const }])),
  );
  const commands = ready.map(
    (stage): RunCommand => ({
      type: 'run',
      stage,
      generation: run.stages[stage]?.generation ?? 1,
      fresh: run.stages[stage]?.fresh ?? false,
    }),
  );
  const stages = Object.values(next.stages);
  if (stages.some(({ state }) => state === 'queued')) return { run: next, commands };
  const state = stages.every(isDone) ? 'succeeded' : 'failed';
  return { run: { ...next, state }, commands: [{ type: 'end', state }] };
}

const isReady = ({ stages }: PipelineRun, { name, after = [] }: Stage): boolean =>
  stages[name]?.state === 'waiting' && after.every((each) => isDone(stages[each]));

function cancel(run: PipelineRun, at: number): Advanced {
  const open = Object.entries(run.stages).filter(([, { state }]) => state === 'waiting' || state === 'queued');
  const canceled = open.map(([name, stage]) => [name, { ...stage, state: 'canceled' as const, endedAt: at }]);
  const commands = open.flatMap(([stage, { state, generation }]): RunCommand[] =>
    state === 'queued' ? [{ type: 'cancel', stage, generation }] : [],
  );
  const next = { ...withStages(run, Object.fromEntries(canceled)), state: 'canceled' as const };
  return { run: next, commands: [...commands, { type: 'end', state: 'canceled' }] };
}

/** Stages that had failed or were canceled run again too, because the run could not succeed without them. */
function retry(run: PipelineRun, from: string): Advanced {
  if (run.state === 'running' || !run.stages[from]) return { run, commands: [] };
  const again = withDescendants(run.pipeline, from);
  const stages = Object.fromEntries(
    Object.entries(run.stages)
      .filter(([name, stage]) => again.has(name) || !isDone(stage))
      .map(([name, { generation }]) => [
        name,
        { state: 'waiting' as const, generation: generation + 1, ...(name === from ? { fresh: true } : {}) },
      ]),
  );
  return proceed({ ...withStages(run, stages), state: 'running' });
}

const withStages = (run: PipelineRun, changed: Readonly<Record<string, StageRun>>): PipelineRun => ({
  ...run,
  stages: { ...run.stages, ...changed },
});
