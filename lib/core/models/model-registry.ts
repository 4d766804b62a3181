import { type Contract, contractHash } from '#contract';
import { ModelyardError } from '../errors.ts';
import type { Instance } from '../instances/instance.ts';
import { memoize } from '../memoize.ts';
import type { Model } from './model.ts';

/**
 * All registered models and instances. Unreadable rows are left out. Instances are included for some minutes after they
 * have expired, because their clocks may be wrong: callers check liveness.
 */
export interface RegistrySnapshot {
  readonly models: readonly Model[];
  readonly instances: readonly Instance[];
}

/**
 * Stores registrations. The use cases decide what may join. All methods reject with `registry_unavailable` when it
 * cannot be reached.
 */
export interface ModelRegistry {
  /** Consistent: sees every resolved write. */
  readModel(name: string): Promise<Model | undefined>;
  /**
   * Writes if the stored version is `model.version - 1` (0: not stored). Resolves with false when the version differs.
   */
  writeModel(model: Model): Promise<boolean>;
  /** Registers or renews an instance. The last write wins. */
  putInstance(instance: Instance): Promise<void>;
  removeInstance(model: string, id: string): Promise<void>;
  /** A bounded number of reads. May be a moment behind. */
  snapshot(): Promise<RegistrySnapshot>;
}

/** Contracts by hash. Contents never change, so readers may cache them forever. */
export interface ContractStore {
  put(contract: Contract): Promise<void>;
  get(hash: string): Promise<Contract | undefined>;
}

const MAX_CONTRACTS = 200;

/**
 * Caches the contracts of one process: contents under a hash never change. `get` rejects with `internal` when the store
 * returns another contract than requested.
 */
export function cachedContracts(contracts: ContractStore): ContractStore {
  async function read(hash: string): Promise<Contract | undefined> {
    const contract = await contracts.get(hash);
    if (contract === undefined || contractHash(contract) === hash) return contract;
    throw new ModelyardError('internal', `The registry answered with another contract than ${hash}.`);
  }
  return { put: (contract) => contracts.put(contract), get: memoize(read, { maxEntries: MAX_CONTRACTS }) };
}
