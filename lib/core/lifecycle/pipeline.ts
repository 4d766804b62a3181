import { type FieldFault, isRecord, textLike } from '../field-rules.ts';

/** One step of a pipeline. */
export interface Stage {
  /** Unique in the pipeline. */
  readonly name: string;
  /** The operation that does the work, for example `training.train`. */
  readonly uses: string;
  /** Names of the stages whose outputs it needs. @default none */
  readonly after?: readonly string[];
  /** Passed to the operation. JSON. @default {} */
  readonly params?: Readonly<Record<string, unknown>>;
  /** Whether a known result is used instead of running it. False for what depends on more than its parameters. @default true */
  readonly cache?: boolean;
}

/** Stages and their edges. */
export interface Pipeline {
  readonly name: string;
  readonly stages: readonly Stage[];
  /** When runs start by themselves, as a cron expression in UTC. @default only when asked for */
  readonly schedule?: string;
}

/** Names of pipelines and stages. */
const name = textLike(/^[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*$/, 48, 'lower-case words of letters and digits');
const operation = textLike(/^[a-z]+\.[a-z][a-z-]*$/, 96, 'a service and its operation, such as training.train');

/** The first fault of a definition: a bad name, an unknown edge or a cycle. Undefined for a valid one. */
export function pipelineFault(pipeline: Pipeline): FieldFault | undefined {
  const nameFault = name(pipeline.name);
  if (nameFault !== undefined) return { path: 'pipeline.name', must: nameFault };
  const { stages } = pipeline;
  if (stages.length === 0) return { path: 'pipeline.stages', must: 'a list of at least one stage' };
  const names = new Set<string>();
  for (const [index, stage] of stages.entries()) {
    const path = `pipeline.stages.${index}`;
    const must = name(stage.name) ?? (names.has(stage.name) ? 'unique in the pipeline' : undefined);
    if (must !== undefined) return { path: `${path}.name`, must };
    names.add(stage.name);
    const uses = operation(stage.uses);
    if (uses !== undefined) return { path: `${path}.uses`, must: uses };
    if (stage.params !== undefined && !isRecord(stage.params)) return { path: `${path}.params`, must: 'an object' };
  }
  return edgeFault(pipeline, names);
}

function edgeFault({ stages }: Pipeline, names: ReadonlySet<string>): FieldFault | undefined {
  for (const [index, { after = [] }] of stages.entries()) {
    const unknown = after.find((each) => !names.has(each));
    if (unknown !== undefined)
      return { path: `pipeline.stages.${index}.after`, must: `names of stages; ${unknown} is none` };
  }
  const sorted = new Set<string>();
  for (let before = -1; before < sorted.size; ) {
    before = sorted.size;
    for (const { name, after = [] } of stages) if (after.every((each) => sorted.has(each))) sorted.add(name);
  }
  return sorted.size === stages.length ? undefined : { path: 'pipeline.stages', must: 'free of cycles' };
}

/** A stage and every stage that needs its output, directly or through others. */
export function withDescendants({ stages }: Pipeline, from: string): ReadonlySet<string> {
  const found = new Set([from]);
  for (let before = 0; before < found.size; ) {
    before = found.size;
    for (const { name, after = [] } of stages) if (after.some((each) => found.has(each))) found.add(name);
  }
  return found;
}
