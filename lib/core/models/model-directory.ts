import type { Contract } from '#contract';
import type { Clock } from '../clock.ts';
import { ModelyardError, unavailable } from '../errors.ts';
import { type Instance, isAlive, isServing } from '../instances/instance.ts';
import { memoize } from '../memoize.ts';
import type { QueueDepth, TaskQueues } from '../tasks/task-queue.ts';
import { cachedSnapshots, type DatedSnapshot } from './cached-snapshots.ts';
import { type AcceptedContract, isModelName, type Model } from './model.ts';
import type { ContractStore, ModelRegistry } from './model-registry.ts';

/** A model with its served contract and live instances. */
export interface ServedModel {
  readonly model: Model;
  /** The newest contract that a serving instance speaks; the one that registered last, while none is serving. */
  readonly contract: AcceptedContract;
  readonly descriptor: Contract;
  readonly serving: readonly Instance[];
  /** Ready, starting and draining instances. */
  readonly live: readonly Instance[];
}

type KnownModel = Omit<ServedModel, 'descriptor'>;

export interface ResolvedModel extends KnownModel {
  /** Set if the name was that of a variant. */
  readonly variant?: string;
}

export interface ModelSummary {
  readonly model: Model;
  readonly contract: AcceptedContract;
  readonly serving: readonly Instance[];
  readonly live: readonly Instance[];
  /** Undefined while the queue is unavailable. */
  readonly depth: QueueDepth | undefined;
}

/**
 * Reads the registry for requests. Results are at most `MAX_STALENESS_MS` old and cost a bounded number of reads. While
 * the registry is unavailable, the last snapshot is used.
 */
export interface ModelDirectory {
  /** At most `maxAgeMs` old (default `MAX_STALENESS_MS`). Rejects with `model_not_found` and `registry_unavailable`. */
  served(name: string, maxAgeMs?: number): Promise<ServedModel>;
  /** Like `served`, at most `CONTROL_STALENESS_MS` old, and without the descriptor. */
  known(name: string): Promise<KnownModel>;
  /**
   * The model of this name, or the first model with a variant of this name, at most `CONTROL_STALENESS_MS` old. Rejects
   * like `served`.
   */
  resolve(name: string): Promise<ResolvedModel>;
  /** Models with a ready instance, by name. */
  active(): Promise<readonly ModelSummary[]>;
  /** All registered models, by name. */
  all(): Promise<readonly ModelSummary[]>;
}

interface DirectoryDeps {
  readonly registry: ModelRegistry;
  /** Read for every request: pass a cached store. */
  readonly contracts: ContractStore;
  readonly queues: TaskQueues;
  readonly clock: Clock;
  /** How long the last snapshot is used while the registry is unavailable. @default one minute */
  readonly maxOutageMs?: number;
}

export const MAX_STALENESS_MS = 5000;
/** Short, so that launches and stops show soon; limits reads to two per second. */
const CONTROL_STALENESS_MS = 500;
/** Age at which a snapshot is read again for an unknown name, so that a new model is found soon. */
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
        // A model whose queue is unavailable is still listed.
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
