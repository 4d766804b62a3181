import { ModelyardError } from '../errors.ts';
import type { ServedModel } from '../models/model-directory.ts';
import { type Instance, type InstanceState, isInstanceId } from './instance.ts';
import type { InstanceLogs } from './instance-logs.ts';

/** Phases of a start, in order: machine and network, image, setup of the model. */
export const INSTANCE_PHASES = ['provisioning', 'pulling', 'starting', 'ready', 'draining'] as const;
export type InstancePhase = (typeof INSTANCE_PHASES)[number];

/** An instance as the platform reports it. It may not be registered yet. */
export interface ControlledInstance {
  readonly id: string;
  readonly name: string;
  readonly model: string;
  readonly variant?: string;
  /** `starting` until it registers as ready. */
  readonly state: InstanceState;
  /** Undefined where the platform reports no more than the state. */
  readonly phase?: InstancePhase;
  readonly image: string;
}

/** Starts and stops instances: processes, ECS tasks or containers. */
export interface InstanceController extends Partial<InstanceLogs> {
  /** Whether the platform itself stops idle instances, down to zero. @default only models with `idleSeconds` sleep */
  readonly sleeps?: boolean;
  list(model: string): Promise<readonly ControlledInstance[]>;
  /** Whether an instance of the model has been launched and may register soon. @default unknown */
  isStarting?(model: string): boolean;
  /** Resolves when the launch has begun. Rejects with `model_not_found` for a model that it cannot run. */
  launch(model: string, variant?: string): Promise<ControlledInstance>;
  /** Starts the first instance where the platform has a desired count. @default `launch` */
  wake?(model: string): Promise<void>;
  /** Drains and stops the instance. Idempotent. Resolves with false when the model has no such instance. */
  stop(model: string, id: string): Promise<boolean>;
}

/** A launch that an instance has adopted at its start, where the platform's tasks get their ids from the platform. */
export interface AdoptedLaunch {
  readonly id: string;
  readonly variant: string | undefined;
  /** Lets the instance that replaces this one adopt the launch. Best effort. */
  release(): Promise<void>;
}

/** An instance for operators: the platform's view and the last heartbeat. */
export interface InstanceView extends ControlledInstance {
  readonly heartbeat: Instance | undefined;
}

/** An instance that the platform does not control has no name there. */
const asControlled = ({ id, model, variant, state, image }: Instance): ControlledInstance => ({
  id,
  name: `${model}-${id}`,
  model,
  ...(variant === undefined ? {} : { variant }),
  state,
  image,
});

/** A model and its instances as the registry knows them. */
interface InstancesOf extends Pick<ServedModel, 'live'> {
  readonly model: Pick<ServedModel['model'], 'name'>;
  readonly failing?: readonly Instance[];
}

/** All live and failing instances of a model, controlled by the platform or not. */
export async function listInstances(
  instances: InstanceController | undefined,
  { model, live, failing = [] }: InstancesOf,
): Promise<readonly InstanceView[]> {
  const controlled = (await instances?.list(model.name)) ?? [];
  const known = new Set(controlled.map(({ id }) => id));
  const heard = [...live, ...failing];
  const heartbeats = new Map(heard.map((instance) => [instance.id, instance]));
  const others = heard.filter(({ id }) => !known.has(id)).map(asControlled);
  return [...controlled, ...others].map((instance) => asHeard(instance, heartbeats.get(instance.id)));
}

/** Heartbeat state wins, except that `draining` from the platform wins. */
function asHeard(instance: ControlledInstance, heartbeat: Instance | undefined): InstanceView {
  const state = instance.state === 'draining' ? 'draining' : (heartbeat?.state ?? instance.state);
  const variant = heartbeat?.variant ?? instance.variant;
  const phase = state === 'failing' ? undefined : instance.phase && phaseIn(state, instance.phase);
  return { ...instance, state, ...(phase && { phase }), ...(variant === undefined ? {} : { variant }), heartbeat };
}

/** Shows the platform's phase only until the instance registers. */
const phaseIn = (state: Exclude<InstanceState, 'failing'>, phase: InstancePhase): InstancePhase =>
  state === 'starting' && (phase === 'provisioning' || phase === 'pulling') ? phase : state;

/**
 * Launches one more instance. Rejects with `instance_limit` at `maxInstances`, and with `invalid_input` for an unknown
 * variant.
 */
export async function launchInstance(
  instances: InstanceController | undefined,
  served: Pick<ServedModel, 'model' | 'live'>,
  variant?: string,
): Promise<ControlledInstance> {
  const { name, variants, limits } = served.model;
  if (!instances) throw uncontrolled();
  if (variant !== undefined && !variants.includes(variant)) {
    const offered = variants.length > 0 ? `It has: ${variants.join(', ')}.` : 'It has none.';
    throw new ModelyardError('invalid_input', `The model ${name} has no such variant.`, {
      errors: [{ pointer: '/variant', message: `not a variant of ${name}. ${offered}` }],
    });
  }
  const running = (await listInstances(instances, served)).filter(({ state }) => state !== 'draining');
  if (running.length >= limits.maxInstances) throw instanceLimit(name, running.length, limits.maxInstances);
  return instances.launch(name, variant);
}

export const instanceLimit = (name: string, running: number, maxInstances: number): ModelyardError =>
  new ModelyardError(
    'instance_limit',
    `The model ${name} has ${running} instances, and maxInstances allows ${maxInstances}.`,
  );

/** Drains and stops an instance. Idempotent. Rejects with `instance_not_found`. */
export async function stopInstance(
  instances: InstanceController | undefined,
  { model, live }: InstancesOf,
  id: string,
): Promise<void> {
  // A platform may fail on an id that none of its instances can have.
  if (isInstanceId(id) && (await instances?.stop(model.name, id))) return;
  if (live.some((instance) => instance.id === id)) throw uncontrolled();
  throw new ModelyardError('instance_not_found', `The model ${model.name} has no such instance.`);
}

const uncontrolled = () =>
  new ModelyardError('instance_uncontrolled', 'This deployment cannot launch or stop instances there.');
