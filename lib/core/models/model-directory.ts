import type { Contract } from '#contract';
import type { Clock } from '../clock.ts';
import { ModelyardError, unavailable } from '../errors.ts';
import type { InstanceController } from '../instances/control-instances.ts';
import { type Instance, isAlive, isServing, type StartFailure } from '../instances/instance.ts';
import { failureOf, modelFailing } from '../instances/start-failures.ts';
import { memoize } from '../memoize.ts';
import type { QueueDepth, TaskQueues } from '../tasks/task-queue.ts';
import { cachedSnapshots, type DatedSnapshot } from './cached-snapshots.ts';
import { contractVersionOf, parseAddress, versionedName } from './contract-version.ts';
import type { AcceptedContract, Model } from './model.ts';
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
  /** Instances whose last start failed. */
  readonly failing: readonly Instance[];
  /** Set while no instance serves and the last start failed. */
  readonly failure?: StartFailure;
}

type KnownModel = Omit<ServedModel, 'descriptor'>;

/** A model whose instances have never started, so that its contract is unknown. */
export interface UnstartedModel extends Pick<KnownModel, 'live' | 'failing'> {
  readonly model: Pick<Model, 'name'>;
  readonly failure: StartFailure;
}

export interface ResolvedModel extends KnownModel {
  /** Set if the name was that of a variant. */
  readonly variant?: string;
}

export interface ModelSummary extends KnownModel {
  /** Undefined while the queue is unavailable. */
  readonly depth: QueueDepth | undefined;
}

/**
 * Reads the registry for requests, by the names in their URLs: `churn`, or `churn@2` for one contract version. Results
 * are at most `MAX_STALENESS_MS` old and cost a bounded number of reads. While the registry is unavailable, the last
 * snapshot is used.
 */
export interface ModelDirectory {
  /**
   * At most `maxAgeMs` old (default `MAX_STALENESS_MS`). Rejects with `model_not_found`, with `registry_unavailable`, and
   * for a model that has not registered with `model_failing` or, during its first start, with `no_live_instance`.
   */
  served(name: string, maxAgeMs?: number): Promise<ServedModel>;
  /** Like `served`, at most `CONTROL_STALENESS_MS` old, and without the descriptor. */
  known(name: string): Promise<KnownModel>;
  /**
   * The model of this name, or the first model with a variant of this name, at most `CONTROL_STALENESS_MS` old. Rejects
   * like `served`.
   */
  resolve(name: string): Promise<ResolvedModel>;
  /** Instances of a model that may have failed each start so far. Otherwise like `known`. */
  started(name: string): Promise<KnownModel | UnstartedModel>;
  /** Models that have never started because each start fails, by name. */
  unstarted(): Promise<readonly UnstartedModel[]>;
  /** Models with a ready instance, and those whose start fails, by name. */
  active(): Promise<readonly ModelSummary[]>;
  /** All registered models, by name, without their backlogs; at most `CONTROL_STALENESS_MS` old. */
  registered(): Promise<readonly KnownModel[]>;
  /** All registered models, by name. */
  all(): Promise<readonly ModelSummary[]>;
}

interface DirectoryDeps {
  readonly registry: ModelRegistry;
  /** Read for every request: pass a cached store. */
  readonly contracts: ContractStore;
  readonly queues: TaskQueues;
  readonly clock: Clock;
  /** Asked about models that have not registered. */
  readonly instances?: Pick<InstanceController, 'isStarting'>;
  /** How long the last snapshot is used while the registry is unavailable. @default one minute */
  readonly maxOutageMs?: number;
}

export const MAX_STALENESS_MS = 5000;
/** Short, so that launches and stops show soon; limits reads to two per second. */
const CONTROL_STALENESS_MS = 500;
/** Age at which a snapshot is read again for an unknown name or a failing start, so that changes are seen soon. */
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
    const asked = parseAddress(name);
    if (asked) {
      for (const staleness of [maxAgeMs, UNKNOWN_STALENESS_MS]) {
        const at = await snapshots.read(staleness);
        const model = modelAt(at, name);
        if (model) return { model, at };
        const unstarted = unstartedAt(at, name);
        if (unstarted && staleness <= UNKNOWN_STALENESS_MS) throw modelFailing(name, unstarted.failure);
      }
      if (deps.instances?.isStarting?.(nameOf(asked))) throw startingFirst(name);
    }
    throw new ModelyardError('model_not_found', 'There is no model of this name.');
  }

  /** Read again while the model is starting or failing. */
  async function findServed(name: string, maxAgeMs: number): Promise<KnownModel> {
    const { model, at } = await find(name, maxAgeMs);
    const found = serve(model, at);
    const mayChange = found.serving.length === 0 && (found.live.length > 0 || found.failure !== undefined);
    if (!mayChange || maxAgeMs <= UNKNOWN_STALENESS_MS) return found;
    const again = await find(name, UNKNOWN_STALENESS_MS);
    return serve(again.model, again.at);
  }

  async function resolve(name: string): Promise<ResolvedModel> {
    const at = await snapshots.read(CONTROL_STALENESS_MS);
    const named = modelAt(at, name);
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
      const summary = await findServed(name, maxAgeMs);
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
    async started(name) {
      const at = await snapshots.read(CONTROL_STALENESS_MS);
      const model = modelAt(at, name);
      const found = model ? serve(model, at) : unstartedAt(at, name);
      if (found) return found;
      throw new ModelyardError('model_not_found', 'There is no model of this name.');
    },
    async unstarted() {
      const at = await snapshots.read(CONTROL_STALENESS_MS);
      return at.instanceModels.flatMap((name) => (at.modelsByName.has(name) ? [] : (unstartedIn(at, name) ?? [])));
    },
    async registered() {
      const at = await snapshots.read(CONTROL_STALENESS_MS);
      return [...at.modelsByName.values()].map((model) => serve(model, at));
    },
    active: () => summarize(({ serving, failure }) => serving.length > 0 || failure !== undefined),
    all: () => summarize(() => true),
  };
}

function serve(model: Model, { instancesOf, asOf }: DatedSnapshot): KnownModel {
  const alive = instancesOf(model.name).filter((instance) => isAlive(instance, asOf()));
  const live = alive.filter(({ state }) => state !== 'failing');
  const serving = live.filter((instance) => isServing(instance, asOf()));
  const spoken = new Set(serving.map(({ contractHash }) => contractHash));
  const contract =
    model.contracts.findLast(({ hash }) => spoken.has(hash)) ??
    model.contracts.find(({ hash }) => hash === model.registeredLast) ??
    model.contracts.at(-1);
  if (!contract) throw new ModelyardError('internal', `The model ${model.name} is registered without a contract.`);
  const failing = alive.filter(({ state }) => state === 'failing');
  const failure = serving.length > 0 ? undefined : failureOf(alive);
  return { model, contract, serving, live, failing, ...(failure && { failure }) };
}

/** The model that a name in a URL means. A bare name is the default version, or the lowest without version 1. */
function modelAt({ modelsByName }: DatedSnapshot, address: string): Model | undefined {
  const asked = parseAddress(address);
  if (!asked) return undefined;
  const { model, version } = asked;
  if (version !== undefined) return modelsByName.get(versionedName({ model, version }));
  const first = modelsByName.get(model);
  if (!first) return lowestVersion([...modelsByName.values()], model);
  return modelsByName.get(versionedName({ model, version: first.defaultVersion ?? 1 })) ?? first;
}

function lowestVersion(models: readonly Model[], wanted: string): Model | undefined {
  const own = models.filter(({ name }) => contractVersionOf(name).model === wanted);
  return own.toSorted((a, b) => contractVersionOf(a.name).version - contractVersionOf(b.name).version)[0];
}

function unstartedAt(at: DatedSnapshot, address: string): UnstartedModel | undefined {
  const asked = parseAddress(address);
  return asked && unstartedIn(at, nameOf(asked));
}

/** The name of a model that has not registered, so that its default version is unknown. */
const nameOf = (asked: { readonly model: string; readonly version?: number }): string =>
  versionedName({ version: 1, ...asked });

const startingFirst = (name: string): ModelyardError =>
  new ModelyardError('no_live_instance', `The model ${name} is starting for the first time.`, {
    retryable: true,
    retryAfterSeconds: 5,
  });

function unstartedIn({ instancesOf, asOf }: DatedSnapshot, name: string): UnstartedModel | undefined {
  const alive = instancesOf(name).filter((instance) => isAlive(instance, asOf()));
  const failure = failureOf(alive);
  if (!failure) return undefined;
  const failing = alive.filter(({ state }) => state === 'failing');
  return { model: { name }, live: alive.filter(({ state }) => state !== 'failing'), failing, failure };
}
