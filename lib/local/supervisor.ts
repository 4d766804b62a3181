import type { LocalModel } from '#catalog/discover-models.ts';
import { DEFAULTS, limitsOf, type ModelManifest } from '#catalog/manifest.ts';
import {
  type Clock,
  type ControlledInstance,
  type Instance,
  type InstanceController,
  type InstanceState,
  instanceLimit,
  isAlive,
  type LogLine,
  type LogQuery,
  type ModelRegistry,
  ModelyardError,
  reportFailedStart,
} from '#core';
import { createEventLogger, type LogEvent } from '#gateway/log-event.ts';
import { LOCAL_IMAGE } from './instance-command.ts';
import type { InstanceCommand } from './instance-process.ts';
import { KeptLines } from './kept-lines.ts';
import { type InstanceIdentity, SupervisedInstance, type SupervisionOptions } from './supervised-instance.ts';
import type { Terminal } from './terminal.ts';

export interface SupervisorDeps {
  readonly models: readonly LocalModel[];
  /** The command that starts an instance of a model. */
  readonly command: (model: LocalModel, identity: InstanceIdentity) => InstanceCommand | Promise<InstanceCommand>;
  /** Shows which instances are ready, and which failed to start. */
  readonly registry: Pick<ModelRegistry, 'snapshot' | 'putInstance' | 'removeInstance'>;
  readonly terminal: Terminal;
  readonly clock: Clock;
}

export type SupervisorTiming = Pick<
  SupervisionOptions,
  'stopTimeoutMs' | 'firstBackoffMs' | 'longestBackoffMs' | 'stableAfterMs'
>;

const RUNTIME = `node ${process.versions.node}`;

/** Same as `stopTimeout` on Fargate. */
const DEFAULT_TIMING: SupervisorTiming = {
  stopTimeoutMs: 120_000,
  firstBackoffMs: 1_000,
  longestBackoffMs: 30_000,
  stableAfterMs: 60_000,
};

/** A supervised instance, for the summary. */
export interface InstanceReport extends ControlledInstance {
  readonly pid?: number;
  /** Number of crashes since the start. */
  readonly crashes: number;
  /** Whether its packages are being installed. */
  readonly isPreparing: boolean;
}

/** Runs instances as child processes. */
export class Supervisor implements InstanceController {
  readonly #deps: SupervisorDeps;
  readonly #timing: SupervisorTiming;
  readonly #models: Map<string, LocalModel>;
  readonly #instances = new Map<string, SupervisedInstance>();
  readonly #lines = new KeptLines();
  readonly #launches = new Map<string, number>();
  /** Ids of stopped instances, because a repeated stop is not an error. */
  readonly #stopped = new Set<string>();
  #stopping = false;

  constructor(deps: SupervisorDeps, timing: Partial<SupervisorTiming> = {}) {
    this.#deps = deps;
    this.#timing = { ...DEFAULT_TIMING, ...timing };
    this.#models = new Map(deps.models.map((model) => [model.manifest.name, model]));
  }

  /** Launches `localInstances` of every model. Variants are assigned in turn. */
  startAll(): void {
    for (const model of this.#models.values()) this.#startLocal(model);
  }

  /** Starts a new model, or the instances of a known one again after their current work. */
  put(model: LocalModel): void {
    const { name } = model.manifest;
    const isKnown = this.#models.has(name);
    this.#models.set(name, model);
    if (this.#stopping) return;
    if (!isKnown) this.#startLocal(model);
    for (const instance of this.#instances.values()) if (isKnown && instance.identity.model === name) instance.reload();
  }

  /** Stops the instances of a model for good, after their current work. Returns whether the model was known. */
  remove(name: string): boolean {
    const isKnown = this.#models.delete(name);
    for (const instance of this.#instances.values()) if (instance.identity.model === name) void instance.stop();
    return isKnown;
  }

  #startLocal({ manifest }: LocalModel): void {
    for (let index = 0; index < (manifest.localInstances ?? DEFAULTS.localInstances); index += 1) {
      this.#start(manifest.name, variantAt(manifest.variants, index));
    }
  }

  async list(model: string): Promise<readonly ControlledInstance[]> {
    const reports = await this.report();
    return reports
      .filter((report) => report.model === model)
      .map(({ pid: _pid, crashes: _crashes, isPreparing: _isPreparing, ...rest }) => rest);
  }

  isStarting(model: string): boolean {
    return [...this.#instances.values()].some(({ identity, isStopping }) => identity.model === model && !isStopping);
  }

  async launch(model: string, variant?: string): Promise<ControlledInstance> {
    const known = this.#models.get(model);
    if (!known || this.#stopping)
      throw new ModelyardError('model_not_found', 'No model of this name can be launched here.');
    const { variants } = known.manifest;
    if (variant !== undefined && !variants?.includes(variant)) {
      throw new ModelyardError('invalid_request', `The model ${model} has no variant ${variant}.`, {
        errors: [{ pointer: '/variant', message: `must be one of: ${variants?.join(', ') ?? 'none'}` }],
      });
    }
    this.#assertRoom(known.manifest);
    return this.#describe(this.#start(model, variant ?? variants?.[0]), undefined);
  }

  async stop(model: string, id: string): Promise<boolean> {
    const key = `${model}/${id}`;
    const instance = this.#instances.get(id);
    if (instance?.identity.model !== model) return this.#stopped.has(key);
    this.#stopped.add(key);
    void instance.stop();
    return true;
  }

  async logs(model: string, query: LogQuery): Promise<readonly LogLine[]> {
    return this.#lines.read(model, query);
  }

  /** All instances with their state in the registry. Rejects with `registry_unavailable`. */
  async report(): Promise<readonly InstanceReport[]> {
    const { instances } = await this.#deps.registry.snapshot();
    const registered = new Map(instances.map((instance) => [instance.id, instance]));
    return [...this.#instances.values()].map((instance) => ({
      ...this.#describe(instance, registered.get(instance.identity.id)),
      ...(instance.pid === undefined ? {} : { pid: instance.pid }),
      crashes: instance.crashes,
      isPreparing: instance.isPreparing,
    }));
  }

  /** Stops all instances after their current work. Resolves when all have ended. */
  async stopAll(): Promise<void> {
    this.#stopping = true;
    await Promise.all([...this.#instances.values()].map((instance) => instance.stop()));
  }

  /** Kills an instance that does not respond to signals. It restarts. */
  restart(id: string, why: string): void {
    this.#deps.terminal.logger(id).warn(why);
    this.#instances.get(id)?.kill();
  }

  /** Kills all instances. They do not restart. */
  killAll(): void {
    void this.stopAll();
    for (const instance of this.#instances.values()) instance.kill();
  }

  /** Checked here too, because concurrent launches do not see each other in the registry. */
  #assertRoom(manifest: ModelManifest): void {
    const { maxInstances } = limitsOf(manifest);
    const running = [...this.#instances.values()].filter(
      ({ identity, isStopping }) => identity.model === manifest.name && !isStopping,
    );
    if (running.length >= maxInstances) throw instanceLimit(manifest.name, running.length, maxInstances);
  }

  #start(name: string, variant: string | undefined): SupervisedInstance {
    const model = this.#models.get(name);
    if (!model) throw new ModelyardError('model_not_found', 'No model of this name can be launched here.');
    const identity = { id: this.#nextId(name), model: name, ...(variant === undefined ? {} : { variant }) };
    const { terminal, clock, command } = this.#deps;
    const show = (event: LogEvent) => {
      this.#lines.add(name, identity.id, event);
      terminal.print(identity.id, event);
    };
    const instance = new SupervisedInstance(identity, () => command(this.#models.get(name) ?? model, identity), {
      ...this.#timing,
      clock,
      logger: createEventLogger(show),
      onEvent: show,
      onUnprepared: (reason) => void this.#report(identity, reason),
    });
    this.#instances.set(identity.id, instance);
    void instance.ended.then(() => this.#instances.delete(identity.id));
    return instance;
  }

  /** Best effort: the terminal has the reason too. */
  async #report(identity: InstanceIdentity, reason: string): Promise<void> {
    const { registry, clock } = this.#deps;
    const failed = { ...identity, image: LOCAL_IMAGE, runtimeVersion: RUNTIME, startedAt: clock.now() };
    await reportFailedStart({ registry, clock }, failed, reason).catch(() => undefined);
  }

  /** Readable and unique in this process. */
  #nextId(model: string): string {
    const launches = (this.#launches.get(model) ?? 0) + 1;
    this.#launches.set(model, launches);
    return `${model}-${launches}`;
  }

  #describe(instance: SupervisedInstance, registered: Instance | undefined): ControlledInstance {
    const { identity } = instance;
    return {
      ...identity,
      name: identity.id,
      state: stateOf(instance, registered, this.#deps.clock.now()),
      image: LOCAL_IMAGE,
    };
  }
}

const variantAt = (variants: readonly string[] | undefined, index: number): string | undefined =>
  variants?.[index % variants.length];

function stateOf(instance: SupervisedInstance, registered: Instance | undefined, now: number): InstanceState {
  if (instance.isStopping) return 'draining';
  // A row from before a crash is not about the current process.
  const isCurrent = instance.pid !== undefined && registered && registered.startedAt >= instance.startedAt;
  return isCurrent && isAlive(registered, now) ? registered.state : 'starting';
}
