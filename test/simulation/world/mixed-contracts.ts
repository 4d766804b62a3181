import {
  type Contract,
  type ContractStore,
  createRequestGate,
  HEARTBEAT_INTERVAL_MS,
  HEARTBEAT_TTL_MS,
  type ModelRegistry,
  type RequestGate,
  unavailable,
} from '#core';
import { chainContract, requestUsing } from '#test/support/contract-chain.ts';
import { anInstance } from '#test/support/registry.ts';
import type { Actor } from '../engine/engine.ts';
import { decodeRequest } from './requests.ts';
import { MODEL } from './sim-model.ts';
import type { World } from './world.ts';

/** Versions of the contract: the older one has only the first field of the newer one. */
export type Version = 1 | 2;

const CONTRACTS: Readonly<Record<Version, Contract>> = { 1: chainContract(1), 2: chainContract(2) };
const REQUESTS: Readonly<Record<Version, Uint8Array>> = { 1: requestUsing(1), 2: requestUsing(2) };
/** Of fleets in which all speak the same. */
const ONLY = { hash: 'contract' };

interface Member {
  readonly actor: Actor;
  readonly version: Version;
  state: 'ready' | 'draining';
  lastBeatMs: number;
}

/** The instances of a simulation as a registry shows them, without the heartbeats as events, and what they can read. */
export class MixedContracts {
  readonly #world: World;
  readonly #members = new Set<Member>();

  constructor(world: World) {
    this.#world = world;
  }

  /** Of an instance; for fleets of one contract, the only one. */
  versionOf(place: number): Version {
    return this.#world.scenario.versions?.[place] ?? 2;
  }

  hashOf(version: Version): string {
    return this.#world.scenario.versions ? CONTRACTS[version].hash : ONLY.hash;
  }

  /** An instance begins to receive. */
  register(actor: Actor, version: Version): void {
    this.#members.add({ actor, version, state: 'ready', lastBeatMs: this.#world.engine.now });
  }

  drain(actor: Actor): void {
    for (const member of this.#members) if (member.actor === actor) member.state = 'draining';
  }

  /** The gate of an instance, on the real contracts; the requests of the simulation stand for real ones. */
  gate(actor: Actor, version: Version): RequestGate {
    if (!this.#world.scenario.versions) return async () => ({ verdict: 'run' });
    const gate = createRequestGate({
      model: MODEL,
      contract: CONTRACTS[version],
      contracts: STORE,
      registry: this.#registryFor(actor),
      clock: this.#world.storeClock(actor),
    });
    return (request) => gate({ ...request, load: async () => REQUESTS[decodeRequest(await request.load()).uses ?? 1] });
  }

  #registryFor(actor: Actor): ModelRegistry {
    const away = (why: string) => unavailable('registry_unavailable', 'The registry is unavailable.', new Error(why));
    const call = this.#world.caller(actor, 'store', away);
    return { snapshot: () => call('snapshot', () => this.#snapshot()) } as unknown as ModelRegistry;
  }

  #snapshot() {
    const { engine } = this.#world;
    const instances = [...this.#members].map((member) => {
      const { actor, version, state } = member;
      if (actor.isAlive && actor.frozenUntil <= engine.now) {
        member.lastBeatMs = engine.now - (engine.now % HEARTBEAT_INTERVAL_MS);
      }
      const heartbeatAt = engine.unixMs - Math.floor(engine.now - member.lastBeatMs);
      const contractHash = CONTRACTS[version].hash;
      const times = { startedAt: heartbeatAt, heartbeatAt, expiresAt: heartbeatAt + HEARTBEAT_TTL_MS };
      return anInstance({ id: actor.name, model: MODEL, state, contractHash, ...times });
    });
    return { models: [], instances };
  }
}

const STORE: ContractStore = {
  put: async () => undefined,
  get: async (hash) => Object.values(CONTRACTS).find((contract) => contract.hash === hash),
};
