import {
  type Clock,
  type Contract,
  type ContractStore,
  type Instance,
  type Model,
  type ModelRegistry,
  type RegistrySnapshot,
  unavailable,
} from '#core';

/** Age of the last heartbeat at which an instance is deleted. */
const KEPT_MS = 3_600_000;

export class MemoryModelRegistry implements ModelRegistry {
  /** While false, every call rejects. */
  reachable = true;
  readonly #clock: Clock;
  readonly #models = new Map<string, Model>();
  readonly #instances = new Map<string, { readonly instance: Instance; readonly heardAt: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async readModel(name: string): Promise<Model | undefined> {
    this.#assertReachable();
    return this.#models.get(name);
  }

  async writeModel(model: Model): Promise<boolean> {
    this.#assertReachable();
    if ((this.#models.get(model.name)?.version ?? 0) !== model.version - 1) return false;
    this.#models.set(model.name, model);
    return true;
  }

  async putInstance(instance: Instance): Promise<void> {
    this.#assertReachable();
    this.#instances.set(keyOf(instance.model, instance.id), { instance, heardAt: this.#clock.now() });
  }

  async removeInstance(model: string, id: string): Promise<void> {
    this.#assertReachable();
    this.#instances.delete(keyOf(model, id));
  }

  async snapshot(): Promise<RegistrySnapshot> {
    this.#assertReachable();
    const oldest = this.#clock.now() - KEPT_MS;
    for (const [key, { heardAt }] of this.#instances) if (heardAt < oldest) this.#instances.delete(key);
    return {
      models: [...this.#models.values()],
      instances: [...this.#instances.values()].map(({ instance }) => instance),
    };
  }

  #assertReachable(): void {
    if (!this.reachable) throw unavailable('registry_unavailable', 'The registry is unavailable.', undefined);
  }
}

const keyOf = (model: string, id: string): string => `${model}/${id}`;

export class MemoryContractStore implements ContractStore {
  /** While false, every call rejects. */
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
    if (!this.reachable) throw unavailable('registry_unavailable', 'The registry is unavailable.', undefined);
  }
}
