import { type Contract, type ContractStore, unavailable } from '#core';

export class MemoryContractStore implements ContractStore {
  /** While false, every call is refused. */
  reachable = true;
  readonly #contracts = new Map<string, Contract>();

  async put(contract: Contract): Promise<void> {
    this.#assertReachable();
    if (!this.#contracts.has(contract.hash)) this.#contracts.set(contract.hash, contract);
  }

  async get(hash: string): Promise<Contract | undefined> {
    this.#assertReachable();
    return this.#contracts.get(hash);
  }

  #assertReachable(): void {
    if (!this.reachable) throw unavailable('registry_unavailable', 'The registry is away.', undefined);
  }
}
