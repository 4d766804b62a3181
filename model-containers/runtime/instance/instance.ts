import { type ModelManifest, registeredManifest, variantOf } from '#catalog/manifest.ts';
import { loadContract } from '#contract';
import {
  type Contract,
  createRequestGate,
  endWake,
  failureBefore,
  forgetFailedStarts,
  type Instance,
  type InstanceState,
  type Logger,
  registerInstance,
  type StartFailure,
} from '#core';
import type { Platform } from '#platform/platform.ts';
import type { RunningModel } from '../worker/running-model.ts';
import { type ServingModel, Worker, type WorkerDeps } from '../worker/worker.ts';
import { createAttemptLog, toAll } from '../worker/worker-observer.ts';
import { DeployedVersion } from './deployed-version.ts';
import { showFailedStart } from './failed-start.ts';
import { type HealthServer, startHealthServer, writeRegistration } from './health-server.ts';
import { CONDITIONS, type Heartbeat, registerWithRetries, startHeartbeat, untilIdle } from './heartbeat.ts';
import { createInstanceMetrics, type InstanceMetrics } from './instance-metrics.ts';
import { StatsRecorder } from './stats-recorder.ts';
import { usedMemoryMib } from './used-memory.ts';

export interface InstanceOptions extends Pick<WorkerDeps, 'log' | 'tracing'> {
  /** Loaded, not set up. The instance closes it. */
  readonly model: RunningModel;
  readonly platform: Platform;
  readonly logger: Logger;
  readonly id: string;
  /** One of the manifest's variants. @default the first */
  readonly variant?: string;
  /** The container image or command of the instance. */
  readonly image: string;
  readonly runtimeVersion: string;
  readonly health: { readonly host: string; readonly port: number };
  /** URL of the health port. @default its own address */
  readonly endpoint?: string;
  readonly leaseSeconds: number;
  /** Disables the stop after `idleSeconds`. @default false */
  readonly staysWhenIdle?: boolean;
  /** Runs until `signal` aborts, which is when the instance stops. Never rejects. */
  readonly whileWorking?: (inFlight: () => number, signal: AbortSignal) => Promise<void>;
  /** Time that runs have after the stop signal before they are aborted and released. */
  readonly stopTimeoutMs: number;
}

/** One instance of a model, from its start to its end. */
export class ModelInstance {
  readonly #options: InstanceOptions;
  readonly #manifest: ModelManifest;
  readonly #variant: string | undefined;
  readonly #contract: Contract;
  readonly #metrics: InstanceMetrics;
  readonly #startedAt: number;
  readonly #stats: StatsRecorder;
  readonly #deployed: DeployedVersion | undefined;
  readonly #model: ServingModel & Pick<RunningModel, 'setUp' | 'close'>;
  #state: InstanceState = 'starting';
  /** Of the starts before this one. */
  #failure: StartFailure | undefined;
  #endpoint = '';
  #worker: Worker | undefined;

  /** Throws for a variant that is not in the manifest. */
  constructor(options: InstanceOptions) {
    const { manifest, contract } = options.model.description;
    this.#options = options;
    this.#manifest = manifest;
    this.#contract = contract;
    this.#variant = variantOf(manifest, options.variant);
    this.#startedAt = options.platform.clock.now();
    const { name } = manifest;
    this.#stats = new StatsRecorder({ ...options.platform, logger: options.logger, model: name });
    this.#deployed = manifest.versioned ? new DeployedVersion({ ...options, name }) : undefined;
    this.#model = this.#deployed?.model ?? options.model;
    this.#metrics = createInstanceMetrics({
      inFlight: () => this.#worker?.inFlight ?? 0,
      isBlocked: () => this.#model.condition === 'blocked',
      slots: manifest.slots ?? 1,
      info: {
        model: manifest.name,
        variant: this.#variant ?? '',
        instance_id: options.id,
        runtime_version: options.runtimeVersion,
      },
    });
  }

  /**
   * Registers, sets the model up, runs tasks until `stop` aborts, drains and deregisters. Rejects when the registration
   * is refused, when `setup` throws, or when the registry or the queue stays unavailable.
   */
  async run(stop: AbortSignal): Promise<void> {
    const { logger, platform } = this.#options;
    const health = await this.#listen();
    let heartbeat: Heartbeat | undefined;
    let failedBy: unknown;
    try {
      // Best effort: without it, the model only seems to start for the first time.
      this.#failure = await failureBefore(platform, this.#identity).catch(() => undefined);
      await registerWithRetries({ register: () => this.#register(), clock: platform.clock, logger, stop });
      heartbeat = this.#startHeartbeat();
      const worker = await this.#setUp(stop);
      this.#worker = worker;
      this.#state = 'ready';
      await heartbeat.beatNow();
      if (this.#failure) void forgetFailedStarts(platform, this.#identity, this.#options.id).catch(() => undefined);
      logger.info('Ready.', { endpoint: this.#endpoint, slots: this.#manifest.slots ?? 1 });
      await this.#work(worker, heartbeat, stop);
    } catch (error) {
      if (this.#state === 'starting' && !stop.aborted) failedBy = error;
      throw error;
    } finally {
      await Promise.all([heartbeat?.stop(), this.#stats.close()]);
      if (failedBy === undefined) await this.#deregister();
      else await showFailedStart({ ...platform, logger }, this.#describe(), failedBy);
      await health.close();
      await this.#model.close();
    }
  }

  get #identity(): Pick<Instance, 'id' | 'model' | 'variant'> {
    const { name: model } = this.#manifest;
    return { id: this.#options.id, model, ...(this.#variant === undefined ? {} : { variant: this.#variant }) };
  }

  /** Best effort: without it, the heartbeat expires within 30 seconds. */
  async #deregister(): Promise<void> {
    const { platform, id } = this.#options;
    const { name: model, idleSeconds } = this.#manifest;
    await platform.registry.removeInstance(model, id).catch(() => undefined);
    if (idleSeconds === undefined) return;
    await endWake(platform.registry, { model, startedAt: this.#startedAt }).catch(() => undefined);
  }

  async #listen(): Promise<HealthServer> {
    const { health, endpoint } = this.#options;
    const server = await startHealthServer({
      ...health,
      servedName: this.#variant ?? this.#manifest.name,
      contract: this.#contract,
      metrics: this.#metrics,
      state: () => this.#state,
      condition: () => this.#condition(),
      registration: () => writeRegistration(this.#describe(), this.#contract),
    });
    this.#endpoint = endpoint ?? server.url;
    return server;
  }

  async #register(isReturning = false): Promise<void> {
    await registerInstance(this.#options.platform, {
      instance: this.#describe(),
      contract: this.#contract,
      manifest: registeredManifest(this.#manifest),
      isReturning,
    });
  }

  #startHeartbeat(): Heartbeat {
    const { platform, logger } = this.#options;
    return startHeartbeat({
      clock: platform.clock,
      logger,
      describe: () => this.#describe(),
      put: (instance) => platform.registry.putInstance(instance),
      rejoin: () => this.#register(true),
    });
  }

  #describe(): Omit<Instance, 'heartbeatAt' | 'expiresAt'> {
    const { image, runtimeVersion } = this.#options;
    const { serviceMs, oldestTaskAt } = this.#worker ?? {};
    const { tallies = [], version } = this.#deployed?.model ?? {};
    return {
      ...this.#identity,
      state: this.#state,
      ...this.#condition(),
      ...(this.#failure && this.#state === 'starting' ? { failure: this.#failure } : {}),
      contractHash: this.#contract.hash,
      slots: this.#manifest.slots ?? 1,
      inFlight: this.#worker?.inFlight ?? 0,
      ...{ serviceMs, oldestTaskAt, memoryMib: usedMemoryMib(), version },
      ...(this.#worker ? { busyAt: Math.round(this.#options.platform.clock.now() - this.#worker.idleForMs) } : {}),
      ...(tallies.length === 0 ? {} : { tallies }),
      endpoint: this.#endpoint,
      image,
      runtimeVersion,
      startedAt: this.#startedAt,
    };
  }

  /** Before its first `ready`, an instance reports no condition. */
  #condition(): Pick<Instance, 'condition'> {
    return this.#worker ? CONDITIONS[this.#model.condition] : {};
  }

  async #setUp(stop: AbortSignal): Promise<Worker> {
    const { id, platform, logger, leaseSeconds, log, tracing, stopTimeoutMs } = this.#options;
    await this.#model.setUp(this.#variant, stop, await this.#deployed?.first());
    return new Worker({
      ...{ ...platform, model: this.#model, instance: id, log, tracing },
      gate: createRequestGate({ ...platform, model: this.#manifest.name, contract: this.#contract }),
      contractHash: this.#contract.hash,
      codec: () => loadContract(this.#contract),
      logger,
      observer: toAll(this.#metrics, createAttemptLog(logger), this.#stats),
      consume: (signal) =>
        platform.queues(this.#manifest.name).consume({ leaseSeconds, signal, observer: this.#metrics }),
      stopTimeoutMs,
    });
  }

  async #work(worker: Worker, heartbeat: Heartbeat, stop: AbortSignal): Promise<void> {
    const { logger, platform } = this.#options;
    const ended = new AbortController();
    const announce = (state: InstanceState) => {
      this.#state = state;
      return heartbeat.beatNow();
    };
    const onStop = () => {
      logger.info('Stopping: waiting for unsettled tasks.', { inFlight: worker.inFlight });
      void announce('draining');
    };
    stop.addEventListener('abort', onStop, { once: true });
    if (stop.aborted) onStop();
    this.#model.onCondition((condition) => {
      if (condition === 'restarting') this.#metrics.modelRestarted();
      void heartbeat.beatNow();
    });
    this.#deployed?.keep(heartbeat.beatNow, AbortSignal.any([stop, ended.signal]));
    void this.#options.whileWorking?.(() => worker.inFlight, ended.signal);
    const { idleSeconds } = this.#manifest;
    if (idleSeconds !== undefined && !this.#options.staysWhenIdle) {
      const signal = AbortSignal.any([stop, ended.signal]);
      const idleForMs = () => worker.idleForMs;
      void untilIdle({ clock: platform.clock, idleMs: idleSeconds * 1000, idleForMs, announce, signal }).then(
        (idle) => {
          if (!idle) return;
          logger.info('Stopping: the instance is idle.', { idleSeconds });
          ended.abort();
        },
      );
    }
    await worker.run(AbortSignal.any([stop, ended.signal])).finally(() => ended.abort());
  }
}
