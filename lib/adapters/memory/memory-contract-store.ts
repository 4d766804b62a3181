import type { Contract, ContractStore } from '#core';

/** The reference implementation of the port. */
export class MemoryContractStore implements ContractStore {
  readonly #contracts = new Map<string, Contract>();

  async put(contract: Contract): Promise<void> {
    if (!this.#contracts.has(contract.hash)) this.#contracts.set(contract.hash, contract);
  }

  async get(hash: string): Promise<Contract | undefined> {
    return this.#contracts.get(hash);
  }
}
