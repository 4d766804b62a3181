import type { Contract } from '#contract';
import { compareContracts } from '#contract';
import type { Clock } from '../clock.ts';
import { ModelyardError } from '../errors.ts';
import type { AcceptedContract, Model, ModelLimits } from '../models/model.ts';
import type { ContractStore, ModelRegistry } from '../models/model-registry.ts';
import { assertWellFormed } from './check-registration.ts';
import { HEARTBEAT_TTL_MS, type Instance } from './instance.ts';

export interface Registration {
  readonly instance: Omit<Instance, 'contractHash' | 'heartbeatAt' | 'expiresAt'>;
  readonly contract: Contract;
  /** What its manifest says of the model; the one registered last holds. */
  readonly manifest: Pick<Model, 'description' | 'title' | 'variants' | 'limits'>;
}

export interface RegisterDeps {
  readonly registry: ModelRegistry;
  readonly contracts: ContractStore;
  readonly clock: Clock;
}

/** What an accepted instance starts with. */
export interface Registered {
  readonly instance: Instance;
  /** Hashes of every contract whose messages this instance can read, its own included. */
  readonly readable: ReadonlySet<string>;
}

/** Contracts remembered per model; older ones are forgotten together with their last tasks. */
const MAX_CONTRACTS = 20;
/** Writers that may get in between before it is no longer a race but a fault. */
const MAX_RACES = 20;

/**
 * Joins an instance to its model, which the first one to come creates. Rejects with `contract_conflict`,
 * listing every incompatible field, when the name is taken by a contract that cannot read or be read by
 * this one, with `invalid_request` when the registration is malformed, and with `registry_unavailable`.
 */
export async function registerInstance(deps: RegisterDeps, registration: Registration): Promise<Registered> {
  const { instance, contract } = registration;
  await assertWellFormed(registration);
  await deps.contracts.put(contract);
  const model = await joinModel(deps, registration);
  const registered = beat({ ...instance, contractHash: contract.hash }, deps.clock.now());
  await deps.registry.putInstance(registered);
  return { instance: registered, readable: new Set(model.contracts.map(({ hash }) => hash)) };
}

/** The same instance, seen alive now. */
export const beat = (instance: Omit<Instance, 'heartbeatAt' | 'expiresAt'>, now: number): Instance => ({
  ...instance,
  heartbeatAt: now,
  expiresAt: now + HEARTBEAT_TTL_MS,
});

async function joinModel(deps: RegisterDeps, registration: Registration): Promise<Model> {
  const { instance, contract } = registration;
  for (let race = 0; race < MAX_RACES; race++) {
    const current = await deps.registry.readModel(instance.model);
    if (current) await assertCompatible(deps, current, contract);
    const next = joined(current, registration);
    if (next === current || (await deps.registry.writeModel(next))) return next;
  }
  throw new ModelyardError('registry_unavailable', 'The registry kept changing while registering.', {
    retryable: true,
    retryAfterSeconds: 1,
  });
}

async function assertCompatible({ contracts }: RegisterDeps, model: Model, candidate: Contract): Promise<void> {
  if (model.contracts.some(({ hash }) => hash === candidate.hash)) return;
  for (const { hash } of model.contracts) {
    const accepted = await contracts.get(hash);
    const differences = accepted ? compareContracts(accepted, candidate) : [];
    if (differences.length === 0) continue;
    const listed = differences.map(({ path, message }) => `${path}: ${message}`).join('; ');
    throw new ModelyardError(
      'contract_conflict',
      `The model name ${model.name} is taken by another contract: ${listed}.`,
      {
        errors: differences.map(({ path, message }) => ({ pointer: path, message })),
      },
    );
  }
}

/** `current` itself when there is nothing to write. */
function joined(current: Model | undefined, { instance, contract, manifest }: Registration): Model {
  const { hash, requestMessage, responseMessage } = contract;
  const accepted: AcceptedContract = { hash, requestMessage, responseMessage };
  if (!current) return { name: instance.model, ...manifest, contracts: [accepted], version: 1 };
  const isLast = current.contracts.at(-1)?.hash === hash;
  if (isLast && isDescribedBy(current, manifest)) return current;
  const others = current.contracts.filter((other) => other.hash !== hash);
  // What the manifest no longer says does not hold any more.
  const { title: _, ...kept } = current;
  return {
    ...kept,
    ...manifest,
    contracts: [...others, accepted].slice(-MAX_CONTRACTS),
    version: current.version + 1,
  };
}

const LIMIT_NAMES = [
  'maxAttempts',
  'timeoutSeconds',
  'maxInstances',
  'maxBacklog',
  'acceptWhenAsleep',
  'idleSeconds',
] as const satisfies readonly (keyof ModelLimits)[];

const isDescribedBy = (model: Model, { description, title, variants, limits }: Registration['manifest']): boolean =>
  model.description === description &&
  model.title === title &&
  model.variants.join() === variants.join() &&
  LIMIT_NAMES.every((name) => model.limits[name] === limits[name]);
