import {
  type FieldFault,
  type FieldRules,
  faultOf,
  flag,
  isRecord,
  optional,
  textLike,
  whole,
} from '../field-rules.ts';
import { modelName } from '../models/model.ts';
import { faultOfTriggers, type Trigger } from './trigger.ts';

/** One step of a pipeline. */
export interface Stage {
  /** Unique in the pipeline. */
  readonly name: string;
  /** The operation that does the work, for example `training.train`. `CONTAINER_OPERATION` for a container. */
  readonly uses: string;
  /** The image of the container that does the work. @default none */
  readonly image?: string;
  /** Of the container. @default that of the image */
  readonly command?: readonly string[];
  /** Files that the container gets: hashes of artifacts by name. @default none */
  readonly inputs?: Readonly<Record<string, unknown>>;
  /** Names of the stages whose outputs it needs. @default none */
  readonly after?: readonly string[];
  /** Passed to the operation. JSON. @default {} */
  readonly params?: Readonly<Record<string, unknown>>;
  /**
   * Whether a known result is used instead of a run. Set to false if the output depends on more than the parameters.
   * @default true
   */
  readonly cache?: boolean;
}

/** Stages and their edges. */
export interface Pipeline {
  readonly name: string;
  readonly stages: readonly Stage[];
  /** When runs start by themselves, as a cron expression in UTC. @default only when asked for */
  readonly schedule?: string;
  /** Makes its scheduled runs retrainings, and starts them by drift too. @default no retraining */
  readonly retraining?: Retraining;
  /** Events that start a run, each one. @default none */
  readonly triggers?: readonly Trigger[];
}

/** When a pipeline trains a model again: at most once per window. */
export interface Retraining {
  readonly model: string;
  /** Whether drift of the deployed version starts it. @default true */
  readonly on_drift?: boolean;
  /** Windows begin at multiples of it. @default 86,400 */
  readonly window_seconds?: number;
}

/** What a stage with an image uses. */
export const CONTAINER_OPERATION = 'pipelines.container';

/** Names of pipelines and stages. */
const name = textLike(/^[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*$/, 48, 'lower-case words of letters and digits');
const operation = textLike(/^[a-z]+\.[a-z][a-z-]*$/, 96, 'a service and its operation, such as training.train');

/** The first fault of a definition: a bad name, an unknown edge or a cycle. Undefined for a valid one. */
export function pipelineFault(pipeline: Pipeline): FieldFault | undefined {
  const nameFault = name(pipeline.name);
  if (nameFault !== undefined) return { path: 'pipeline.name', must: nameFault };
  const retrainingFault = faultOfRetraining(pipeline.retraining);
  if (retrainingFault) return retrainingFault;
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
    const containerFault = faultOfContainer(stage, path);
    if (containerFault) return containerFault;
  }
  return edgeFault(pipeline, names) ?? faultOfTriggers(pipeline.triggers, stages);
}

const RETRAINING_RULES: FieldRules<Retraining> = {
  model: modelName,
  on_drift: optional(flag),
  window_seconds: optional(whole(1, 366 * 86_400)),
};

/** A name that starts with `-` would be an option of the program that runs containers. */
const IMAGE = /^[A-Za-z0-9][\w./:@-]{0,254}$/;
const INPUT_NAME = /^\w[\w.-]{0,99}$/;

function faultOfContainer({ uses, image, command, inputs }: Stage, path: string): FieldFault | undefined {
  if (image === undefined) {
    const alone = uses === CONTAINER_OPERATION || command !== undefined || inputs !== undefined;
    return alone ? { path: `${path}.image`, must: 'the image of a container' } : undefined;
  }
  if (uses !== CONTAINER_OPERATION) return { path: `${path}.uses`, must: `absent, or ${CONTAINER_OPERATION}` };
  if (typeof image !== 'string' || !IMAGE.test(image)) {
    return { path: `${path}.image`, must: 'the name of an image, such as docker.io/library/busybox:1.37' };
  }
  if (command !== undefined && !(Array.isArray(command) && command.every((word) => typeof word === 'string'))) {
    return { path: `${path}.command`, must: 'a list of texts' };
  }
  if (inputs === undefined) return undefined;
  const isNamed = isRecord(inputs) && Object.keys(inputs).every((each) => INPUT_NAME.test(each));
  return isNamed ? undefined : { path: `${path}.inputs`, must: 'an object of artifacts by the names of files' };
}

function faultOfRetraining(retraining: unknown): FieldFault | undefined {
  if (retraining === undefined) return undefined;
  return faultOf(retraining, RETRAINING_RULES, 'pipeline.retraining');
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
