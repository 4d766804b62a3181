import { ModelyardError } from '../errors.ts';
import type { ServedModel } from '../models/model-directory.ts';
import type { Instance, InstanceState } from './instance.ts';
import type { ControlledInstance, InstanceController, InstancePhase } from './instance-controller.ts';

/** An instance as operators see it: what the platform runs, and what it said of itself in its last heartbeat. */
export interface InstanceView extends ControlledInstance {
  readonly heartbeat: Instance | undefined;
}

/** Launched by nobody here, so the platform knows no name for it. */
const asControlled = ({ id, model, variant, state, image }: Instance): ControlledInstance => ({
  id,
  name: `${model}-${id}`,
  model,
  ...(variant === undefined ? {} : { variant }),
  state,
  image,
});

/** All live instances of a model: the ones the platform runs and the ones that registered from elsewhere. */
export async function listInstances(
  instances: InstanceController | undefined,
  { model, live }: Pick<ServedModel, 'model' | 'live'>,
): Promise<readonly InstanceView[]> {
  const controlled = (await instances?.list(model.name)) ?? [];
  const known = new Set(controlled.map(({ id }) => id));
  const heartbeats = new Map(live.map((instance) => [instance.id, instance]));
  const others = live.filter(({ id }) => !known.has(id)).map(asControlled);
  return [...controlled, ...others].map((instance) => asHeard(instance, heartbeats.get(instance.id)));
}

/** What an instance says of itself comes before what its platform has noticed of it, except that it is to stop. */
function asHeard(instance: ControlledInstance, heartbeat: Instance | undefined): InstanceView {
  const state = instance.state === 'draining' ? 'draining' : (heartbeat?.state ?? instance.state);
  const variant = heartbeat?.variant ?? instance.variant;
  const phase = instance.phase && phaseIn(state, instance.phase);
  return { ...instance, state, ...(phase && { phase }), ...(variant === undefined ? {} : { variant }), heartbeat };
}

/** A phase says more than the state only before there is anything that could say it itself. */
const phaseIn = (state: InstanceState, phase: InstancePhase): InstancePhase =>
  state === 'starting' && (phase === 'provisioning' || phase === 'pulling') ? phase : state;

/**
 * Launches one more instance. Rejects with `instance_limit` when the model already has as many as it may,
 * and with `invalid_input` for a variant that it does not have.
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

/** The refusal of one more instance than a model may have. */
export const instanceLimit = (name: string, running: number, maxInstances: number): ModelyardError =>
  new ModelyardError(
    'instance_limit',
    `The model ${name} has ${running} instances, and maxInstances allows ${maxInstances}.`,
  );

/** Lets an instance finish what it holds and stop; repeating it is harmless. Rejects with `instance_not_found`. */
export async function stopInstance(
  instances: InstanceController | undefined,
  { model, live }: Pick<ServedModel, 'model' | 'live'>,
  id: string,
): Promise<void> {
  if (await instances?.stop(model.name, id)) return;
  if (live.some((instance) => instance.id === id)) throw uncontrolled();
  throw new ModelyardError('instance_not_found', `The model ${model.name} has no such instance.`);
}

const uncontrolled = () =>
  new ModelyardError('instance_uncontrolled', 'This deployment cannot launch or stop instances there.');
