import type { Contract } from '#contract';
import type { Instance } from '../instances/instance.ts';
import type { Model } from './model.ts';

/**
 * Everything registered, as of one moment, but for rows that cannot be read. Instances that have expired
 * are among them for at least some minutes: their clocks may be wrong, and whoever reads them judges.
 */
export interface RegistrySnapshot {
  readonly models: readonly Model[];
  readonly instances: readonly Instance[];
}

/**
 * Who is registered and alive. It keeps and compares; what may join is decided in the use cases.
 * All methods reject with `registry_unavailable` when it cannot be reached.
 */
export interface ModelRegistry {
  /** Consistent: sees every write that has resolved. */
  readModel(name: string): Promise<Model | undefined>;
  /**
   * Writes if the stored version is `model.version - 1` (0: not stored yet). Resolves with false, having
   * changed nothing, when somebody else was faster.
   */
  writeModel(model: Model): Promise<boolean>;
  /** Registers an instance or renews it: the last write wins. */
  putInstance(instance: Instance): Promise<void>;
  removeInstance(model: string, id: string): Promise<void>;
  /** A bounded number of reads, whatever is registered; may be a moment behind. */
  snapshot(): Promise<RegistrySnapshot>;
}

/** Contracts by hash. What is stored under a hash never changes, so readers may keep it forever. */
export interface ContractStore {
  put(contract: Contract): Promise<void>;
  get(hash: string): Promise<Contract | undefined>;
}
