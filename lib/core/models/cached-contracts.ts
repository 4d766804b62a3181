import { type Contract, contractHash } from '#contract';
import { ModelyardError } from '../errors.ts';
import { memoize } from '../memoize.ts';
import type { ContractStore } from './model-registry.ts';

const MAX_CONTRACTS = 200;

/**
 * The contracts of one process: each is read once, because what is stored under a hash never changes. `get` rejects
 * with `internal` when the store answers with another contract than it was asked for.
 */
export function cachedContracts(contracts: ContractStore): ContractStore {
  async function read(hash: string): Promise<Contract | undefined> {
    const contract = await contracts.get(hash);
    if (contract === undefined || contractHash(contract) === hash) return contract;
    throw new ModelyardError('internal', `The registry answered with another contract than ${hash}.`);
  }
  return { put: (contract) => contracts.put(contract), get: memoize(read, { maxEntries: MAX_CONTRACTS }) };
}
