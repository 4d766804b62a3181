import {
  type Contract,
  type ContractDifference,
  compareContracts,
  contractHash,
  loadContract,
  UnreadableMessageError,
} from '#contract';
import type { Clock } from '../clock.ts';
import { ModelyardError } from '../errors.ts';
import type { FieldFault } from '../field-rules.ts';
import { type AcceptedContract, contractFault, type Model } from '../models/model.ts';
import { LIMIT_NAMES, type RegisteredManifest, registeredManifestFault } from '../models/model-manifest.ts';
import type { ContractStore, ModelRegistry } from '../models/model-registry.ts';
import { type AnnouncedInstance, announcementFault, HEARTBEAT_TTL_MS, type Instance } from './instance.ts';

export interface Registration {
  readonly instance: AnnouncedInstance;
  readonly contract: Contract;
  /** The latest registration wins. */
  readonly manifest: RegisteredManifest;
  /**
   * The instance registered before and returns after an outage: it adds what the registry has lost, but it does not
   * replace what an instance that started later has registered. @default false
   */
  readonly isReturning?: boolean;
}

export interface RegisterDeps {
  readonly registry: ModelRegistry;
  readonly contracts: ContractStore;
  readonly clock: Clock;
}

/** Maximum number of accepted contracts per model; the oldest ones are dropped. */
const MAX_CONTRACTS = 20;
/** Maximum number of optimistic-lock retries. */
const MAX_RACES = 20;

/**
 * Joins an instance to its model; the first instance creates the model. Of the instance's contract and each accepted
 * one, either must be able to read everything that was written with the other. Rejects with `contract_conflict`,
 * listing every incompatible field, when that does not hold, with `invalid_request` when the registration is
 * malformed, and with `registry_unavailable`.
 */
export async function registerInstance(deps: RegisterDeps, registration: Registration): Promise<Instance> {
  const { instance, contract } = registration;
  await assertWellFormed(registration);
  await deps.contracts.put(contract);
  await joinModel(deps, registration);
  const registered = beat({ ...instance, contractHash: contract.hash }, deps.clock.now());
  await deps.registry.putInstance(registered);
  return registered;
}

export const beat = (instance: Omit<Instance, 'heartbeatAt' | 'expiresAt'>, now: number): Instance => ({
  ...instance,
  heartbeatAt: now,
  expiresAt: now + HEARTBEAT_TTL_MS,
});

async function joinModel(deps: RegisterDeps, registration: Registration): Promise<void> {
  for (let race = 0; race < MAX_RACES; race++) {
    const current = await deps.registry.readModel(registration.instance.model);
    const next = current ? await joined(deps, current, registration) : newModel(registration);
    if (next === current || (await deps.registry.writeModel(next))) return;
  }
  throw new ModelyardError('registry_unavailable', 'The registry kept changing while registering.', {
    retryable: true,
    retryAfterSeconds: 1,
  });
}

const newModel = ({ instance, contract, manifest }: Registration): Model => ({
  name: instance.model,
  ...manifest,
  contracts: [accepted(contract)],
  registeredLast: contract.hash,
  describedAt: instance.startedAt,
  version: 1,
});

/** Returns `current` itself when nothing changes. */
async function joined(deps: RegisterDeps, current: Model, registration: Registration): Promise<Model> {
  const { contract, manifest, instance } = registration;
  const contracts = await withContract(deps, current, contract);
  const last = current.registeredLast ?? current.contracts.at(-1)?.hash;
  if (contracts === current.contracts && last === contract.hash && isDescribedBy(current, manifest)) return current;
  if (isOutdated(current, registration)) {
    return contracts === current.contracts ? current : { ...current, contracts, version: current.version + 1 };
  }
  const registered = { registeredLast: contract.hash, describedAt: instance.startedAt };
  // Removes a title that the manifest no longer has.
  const { title: _, ...kept } = current;
  return { ...kept, ...manifest, ...registered, contracts, version: current.version + 1 };
}

/** Rows of earlier builds have no `describedAt`: their description is kept. */
const isOutdated = ({ describedAt }: Model, { instance, isReturning = false }: Registration): boolean =>
  isReturning && (describedAt === undefined || instance.startedAt < describedAt);

/** The accepted contracts with this one in its place; the same list when it is there already. */
async function withContract(
  { contracts }: RegisterDeps,
  model: Model,
  candidate: Contract,
): Promise<Model['contracts']> {
  if (model.contracts.some(({ hash }) => hash === candidate.hash)) return model.contracts;
  const older: AcceptedContract[] = [];
  const newer: AcceptedContract[] = [];
  for (const other of model.contracts) {
    const existing = await contracts.get(other.hash);
    const differences = existing ? compareContracts(existing, candidate) : [];
    if (differences.length === 0) older.push(other);
    else if (existing && compareContracts(candidate, existing).length === 0) newer.push(other);
    else throw contractConflict(model.name, differences);
  }
  const own = accepted(candidate);
  const all = [...older, own, ...newer];
  return all.length > MAX_CONTRACTS ? all.toSpliced(all[0] === own ? 1 : 0, 1) : all;
}

const accepted = ({ hash, requestMessage, responseMessage }: Contract): AcceptedContract => ({
  hash,
  requestMessage,
  responseMessage,
});

const contractConflict = (model: string, differences: readonly ContractDifference[]): ModelyardError =>
  new ModelyardError(
    'contract_conflict',
    `The model name ${model} is taken by another contract: ${differences
      .map(({ path, message }) => `${path}: ${message}`)
      .join('; ')}.`,
    { errors: differences.map(({ path, message }) => ({ pointer: path, message })) },
  );

const isDescribedBy = (model: Model, { description, title, variants, limits }: Registration['manifest']): boolean =>
  model.description === description &&
  model.title === title &&
  model.variants.join() === variants.join() &&
  LIMIT_NAMES.every((name) => model.limits[name] === limits[name]);

/** Rejects a malformed registration with `invalid_request`, naming the field. */
async function assertWellFormed(registration: Registration): Promise<void> {
  const { instance, manifest, contract } = registration;
  const fault =
    announcementFault(instance) ??
    registeredManifestFault(manifest) ??
    variantFault(registration) ??
    contractFault(contract) ??
    (await descriptorFault(contract));
  if (fault) throw malformed(fault);
}

function variantFault({ instance, manifest }: Registration): FieldFault | undefined {
  const { variant } = instance;
  if (variant === undefined || manifest.variants.includes(variant)) return undefined;
  return { path: 'instance.variant', must: 'one of the variants of the manifest' };
}

async function descriptorFault(contract: Contract): Promise<FieldFault | undefined> {
  if (contract.hash !== contractHash(contract)) return { path: 'contract.hash', must: 'the hash of the contract' };
  try {
    await loadContract(contract);
    return undefined;
  } catch (error) {
    if (!(error instanceof UnreadableMessageError)) throw error;
    const names = `${contract.requestMessage} and ${contract.responseMessage}`;
    const why = error.cause instanceof Error ? ` (${error.cause.message.replace(/\.$/, '')})` : '';
    return { path: 'contract.descriptorSet', must: `a FileDescriptorSet that defines ${names}${why}` };
  }
}

const malformed = ({ path, must }: FieldFault): ModelyardError =>
  new ModelyardError('invalid_request', `The registration is malformed: ${path} must be ${must}.`, {
    errors: [{ pointer: `/${path.replaceAll('.', '/')}`, message: `must be ${must}` }],
  });
