import type { Contract } from '#contract';
import type { Clock } from '../clock.ts';
import { ModelyardError, unavailable } from '../errors.ts';
import { type Instance, isAlive, isServing } from '../instances/instance.ts';
import { memoize } from '../memoize.ts';
import type { QueueDepth, TaskQueues } from '../tasks/task-queue.ts';
import { cachedSnapshots, type DatedSnapshot } from './cached-snapshots.ts';
import { type AcceptedContract, isModelName, type Model } from './model.ts';
import type { ContractStore, ModelRegistry } from './model-registry.ts';

/** A model as requests meet it: the contract to speak and who is there to answer. */
export interface ServedModel {
  readonly model: Model;
  /** The newest contract that a serving instance speaks; the one that registered last, while none is serving. */
  readonly contract: AcceptedContract;
  readonly descriptor: Contract;
  readonly serving: readonly Instance[];
  /** Serving ones, and those still starting or already draining. */
  readonly live: readonly Instance[];
}

/** A model without what its contract says: all that its instances are about. */
type KnownModel = Omit<ServedModel, 'descriptor'>;

export interface ResolvedModel extends KnownModel {
  /** The variant that was asked for by its name. */
  readonly variant?: string;
}

export interface ModelSummary {
  readonly model: Model;
  readonly contract: AcceptedContract;
  readonly serving: readonly Instance[];
  readonly live: readonly Instance[];
  /** Undefined while the queue cannot be asked. */
  readonly depth: QueueDepth | undefined;
}

/**
 * Reads the registry for requests. Answers are at most `MAX_STALENESS_MS` old and cost a bounded number
 * of reads whatever the traffic; while the registry is away they come from what was read last.
 */
export interface ModelDirectory {
  /**
   * The model as it was at most `maxAgeMs` (default `MAX_STALENESS_MS`) ago. Rejects with `model_not_found`
   * and `registry_unavailable`.
   */
  served(name: string, maxAgeMs?: number): Promise<ServedModel>;
  /** As `served`, at most `CONTROL_STALENESS_MS` old, and without reading the contract. */
  known(name: string): Promise<KnownModel>;
  /**
   * The model of this name, or the first by name that has a variant of this name, at most
   * `CONTROL_STALENESS_MS` old. Rejects like `served`.
   */
  resolve(name: string): Promise<ResolvedModel>;
  /** Models that an instance is serving, by name. */
  active(): Promise<readonly ModelSummary[]>;
  /** Every model ever registered, by name. */
  all(): Promise<readonly ModelSummary[]>;
}

interface DirectoryDeps {
  readonly registry: ModelRegistry;
  /** Asked for each request: give it a cache. */
  readonly contracts: ContractStore;
  readonly queues: TaskQueues;
  readonly clock: Clock;
  /** How long answers come from what was read last while the registry is away. @default a minute */
  readonly maxOutageMs?: number;
}

export const MAX_STALENESS_MS = 5000;
/** Who starts and stops instances sees what was done a moment ago; still at most two looks a second. */
const CONTROL_STALENESS_MS = 500;
/** An unknown name is looked up again after this long, so that a model is found soon after it registered. */
const UNKNOWN_STALENESS_MS = 500;

export function createModelDirectory(deps: DirectoryDeps): ModelDirectory {
  const { contracts, queues, clock } = deps;
  const snapshots = cachedSnapshots(deps);
  const depthOf = memoize((name: string) => queues(name).depth(), {
    maxEntries: 500,
    maxAgeMs: MAX_STALENESS_MS,
    clock,
  });

  async function find(name: string, maxAgeMs: number): Promise<{ model: Model; at: DatedSnapshot }> {
    if (isModelName(name)) {
      for (const staleness of [maxAgeMs, UNKNOWN_STALENESS_MS]) {
        const at = await snapshots.read(staleness);
        const model = at.modelsByName.get(name);
        if (model) return { model, at };
      }
    }
    throw new ModelyardError('model_not_found', 'There is no model of this name.');
  }

  async function resolve(name: string): Promise<ResolvedModel> {
    const at = await snapshots.read(CONTROL_STALENESS_MS);
    const named = at.modelsByName.get(name);
    if (named) return serve(named, at);
    const model = [...at.modelsByName.values()].find(({ variants }) => variants.includes(name));
    if (!model) throw new ModelyardError('model_not_found', 'There is no model or variant of this name.');
    return { ...serve(model, at), variant: name };
  }

  async function summarize(keep: (summary: Omit<ModelSummary, 'depth'>) => boolean): Promise<readonly ModelSummary[]> {
    const at = await snapshots.read(MAX_STALENESS_MS);
    const kept = [...at.modelsByName.values()].map((model) => serve(model, at)).filter(keep);
    return Promise.all(
      kept.map(async (summary) => ({
        ...summary,
        // A listing without one backlog is better than no listing.
        depth: await depthOf(summary.model.name).catch(() => undefined),
      })),
    );
  }

  return {
    async served(name, maxAgeMs = MAX_STALENESS_MS) {
      const { model, at } = await find(name, maxAgeMs);
      const summary = serve(model, at);
      const descriptor = await contracts.get(summary.contract.hash);
      if (!descriptor)
        throw unavailable('registry_unavailable', 'The contract of this model cannot be read.', undefined);
      return { ...summary, descriptor };
    },
    async known(name) {
      const { model, at } = await find(name, CONTROL_STALENESS_MS);
      return serve(model, at);
    },
    resolve,
    active: () => summarize(({ serving }) => serving.length > 0),
    all: () => summarize(() => true),
  };
}

function serve(model: Model, { instancesOf, asOf }: DatedSnapshot): Omit<ModelSummary, 'depth'> {
  const live = instancesOf(model.name).filter((instance) => isAlive(instance, asOf()));
  const serving = live.filter((instance) => isServing(instance, asOf()));
  const spoken = new Set(serving.map(({ contractHash }) => contractHash));
  const contract =
    model.contracts.findLast(({ hash }) => spoken.has(hash)) ??
    model.contracts.find(({ hash }) => hash === model.registeredLast) ??
    model.contracts.at(-1);
  if (!contract) throw new ModelyardError('internal', `The model ${model.name} is registered without a contract.`);
  return { model, contract, serving, live };
}
