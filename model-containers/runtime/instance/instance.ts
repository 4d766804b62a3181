import { registeredManifest } from '#catalog/manifest.ts';
import { contractOf } from '#contract';
import {
  backoffMs,
  type Contract,
  createRequestGate,
  endWake,
  type Instance,
  type InstanceState,
  type Logger,
  ModelyardError,
  registerInstance,
} from '#core';
import type { Platform } from '#platform/platform.ts';
import { bindModel } from '../backends/loaded-model.ts';
import type { ModelDefinition } from '../define-model.ts';
import { createAttemptLog } from '../worker/attempt-log.ts';
import { Worker } from '../worker/worker.ts';
import type { WorkerObserver } from '../worker/worker-observer.ts';
import { type HealthServer, startHealthServer } from './health-server.ts';
import { type Heartbeat, startHeartbeat } from './heartbeat.ts';
import { untilIdle } from './idle-stop.ts';
import { createInstanceMetrics, type InstanceMetrics } from './instance-metrics.ts';
import { writeRegistration } from './registration-answer.ts';

export interface InstanceOptions<Request, Response, State> {
  readonly definition: ModelDefinition<Request, Response, State>;
  readonly platform: Platform;
  readonly logger: Logger;
  readonly id: string;
  /** One of the manifest's. @default the first */
  readonly variant?: string;
  /** The container image or command it runs from. */
  readonly image: string;
  readonly runtimeVersion: string;
  readonly health: { readonly host: string; readonly port: number };
  /** Where others reach the health port. @default its own address */
  readonly endpoint?: string;
  readonly leaseSeconds: number;
  /** Leaves it to others to take idle instances away. @default stops itself after the manifest's `idleSeconds` */
  readonly staysWhenIdle?: boolean;
  /** Runs beside the work, told how much is in hand, until the work is over. Never rejects. */
  readonly whileWorking?: (inFlight: () => number, over: AbortSignal) => Promise<void>;
  /** Runs may go on this long after the stop signal before they are given back. */
  readonly stopTimeoutMs: number;
}

const REGISTER_BACKOFF = { baseMs: 500, maxMs: 10_000 };
const REGISTER_TRIES = 12;

/** One life of one running copy of a model. */
export class ModelInstance<Request, Response, State> {
  readonly #options: InstanceOptions<Request, Response, State>;
  readonly #variant: string | undefined;
  readonly #contract: Contract;
  readonly #metrics: InstanceMetrics;
  readonly #startedAt: number;
  #state: InstanceState = 'starting';
  #endpoint = '';
  #worker: Worker | undefined;

  /** Throws for a variant that the manifest does not name. */
  constructor(options: InstanceOptions<Request, Response, State>) {
    this.#options = options;
    this.#variant = variantOf(options);
    this.#contract = contractOf(options.definition.request, options.definition.response);
    this.#startedAt = options.platform.clock.now();
    this.#metrics = createInstanceMetrics({
      inFlight: () => this.#worker?.inFlight ?? 0,
      slots: this.#slots,
      info: {
        model: options.definition.manifest.name,
        variant: this.#variant ?? '',
        instance_id: options.id,
        runtime_version: options.runtimeVersion,
      },
    });
  }

  /**
   * Registers, sets the model up, works until `stop` aborts, drains and deregisters. Rejects, in the same
   * order, when the name is taken by another contract, when `setup` throws, or when the registry or the
   * queue stays away.
   */
  async run(stop: AbortSignal): Promise<void> {
    const { logger } = this.#options;
    const health = await this.#listen();
    let heartbeat: Heartbeat | undefined;
    try {
      await this.#registerPatiently(stop);
      heartbeat = this.#startHeartbeat();
      const worker = await this.#setUp(stop);
      this.#worker = worker;
      this.#state = 'ready';
      await heartbeat.beatNow();
      logger.info('Ready.', { endpoint: this.#endpoint, slots: this.#slots });
      await this.#work(worker, heartbeat, stop);
    } finally {
      await heartbeat?.stop();
      await this.#sayFarewell();
      await health.close();
    }
  }

  /** Best effort: an unheard farewell is an expired heartbeat half a minute later. */
  async #sayFarewell(): Promise<void> {
    const { platform, id, definition } = this.#options;
    const { name: model, idleSeconds } = definition.manifest;
    await platform.registry.removeInstance(model, id).catch(() => undefined);
    if (idleSeconds === undefined) return;
    await endWake(platform.registry, { model, startedAt: this.#startedAt }).catch(() => undefined);
  }

  get #slots(): number {
    return this.#options.definition.manifest.slots ?? 1;
  }

  async #listen(): Promise<HealthServer> {
    const { health, endpoint, definition } = this.#options;
    const server = await startHealthServer({
      ...health,
      servedName: this.#variant ?? definition.manifest.name,
      contract: this.#contract,
      metrics: this.#metrics,
      state: () => this.#state,
      registration: () => writeRegistration(this.#describe(), this.#contract),
    });
    this.#endpoint = endpoint ?? server.url;
    return server;
  }

  async #registerPatiently(stop: AbortSignal): Promise<void> {
    const { logger, platform } = this.#options;
    for (let tries = 1; ; tries++) {
      try {
        return await this.#register();
      } catch (error) {
        const hopeless = !(error instanceof ModelyardError && error.retryable);
        if (hopeless || tries >= REGISTER_TRIES || stop.aborted) throw error;
        const pauseMs = Math.ceil(backoffMs(REGISTER_BACKOFF, tries));
        logger.warn('The registry cannot be reached; trying again.', { reason: error.message, pauseMs });
        await platform.clock.sleep(pauseMs, stop);
      }
    }
  }

  async #register(): Promise<void> {
    const { platform, definition } = this.#options;
    await registerInstance(platform, {
      instance: this.#describe(),
      contract: this.#contract,
      manifest: registeredManifest(definition.manifest),
    });
  }

  #startHeartbeat(): Heartbeat {
    const { platform, logger } = this.#options;
    return startHeartbeat({
      clock: platform.clock,
      logger,
      describe: () => this.#describe(),
      put: (instance) => platform.registry.putInstance(instance),
      rejoin: () => this.#register(),
    });
  }

  #describe(): Omit<Instance, 'heartbeatAt' | 'expiresAt'> {
    const { id, definition, image, runtimeVersion } = this.#options;
    const { serviceMs, oldestTaskAt } = this.#worker ?? {};
    return {
      id,
      model: definition.manifest.name,
      ...(this.#variant === undefined ? {} : { variant: this.#variant }),
      state: this.#state,
      contractHash: this.#contract.hash,
      slots: this.#slots,
      inFlight: this.#worker?.inFlight ?? 0,
      ...(serviceMs === undefined ? {} : { serviceMs }),
      ...(oldestTaskAt === undefined ? {} : { oldestTaskAt }),
      endpoint: this.#endpoint,
      image,
      runtimeVersion,
      startedAt: this.#startedAt,
    };
  }

  async #setUp(stop: AbortSignal): Promise<Worker> {
    const { definition, platform, logger, leaseSeconds, stopTimeoutMs } = this.#options;
    const variant = this.#variant;
    const state = (await definition.setup?.({ signal: stop, logger, variant })) as State;
    const queue = platform.queues(definition.manifest.name);
    return new Worker({
      model: bindModel(definition, state, { variant, logger }),
      variant,
      gate: createRequestGate({ ...platform, model: definition.manifest.name, contract: this.#contract }),
      contractHash: this.#contract.hash,
      ...platform,
      logger,
      observer: toAll(this.#metrics, createAttemptLog(logger)),
      consume: (signal) => queue.consume({ leaseSeconds, signal, observer: this.#metrics }),
      stopTimeoutMs,
    });
  }

  async #work(worker: Worker, heartbeat: Heartbeat, stop: AbortSignal): Promise<void> {
    const { logger, definition, platform } = this.#options;
    const ended = new AbortController();
    const announce = (state: InstanceState) => {
      this.#state = state;
      return heartbeat.beatNow();
    };
    const onStop = () => {
      logger.info('Stopping: finishing what is in hand.', { inFlight: worker.inFlight });
      void announce('draining');
    };
    stop.addEventListener('abort', onStop, { once: true });
    if (stop.aborted) onStop();
    void this.#options.whileWorking?.(() => worker.inFlight, ended.signal);
    const { idleSeconds } = definition.manifest;
    if (idleSeconds !== undefined && !this.#options.staysWhenIdle) {
      const signal = AbortSignal.any([stop, ended.signal]);
      const idleForMs = () => worker.idleForMs;
      void untilIdle({ clock: platform.clock, idleMs: idleSeconds * 1000, idleForMs, announce, signal }).then(
        (idle) => {
          if (!idle) return;
          logger.info('Going to sleep: there has been nothing to do.', { idleSeconds });
          ended.abort();
        },
      );
    }
    await worker.run(AbortSignal.any([stop, ended.signal])).finally(() => ended.abort());
  }
}

const toAll = (...observers: readonly WorkerObserver[]): WorkerObserver => ({
  attemptEnded(ended) {
    for (const observer of observers) observer.attemptEnded(ended);
  },
});

function variantOf<Request, Response, State>({ variant, definition }: InstanceOptions<Request, Response, State>) {
  const { name, variants } = definition.manifest;
  if (variant === undefined) return variants?.[0];
  if (variants?.includes(variant)) return variant;
  const known = variants ? `It has: ${variants.join(', ')}.` : 'It has none.';
  throw new Error(`The model ${name} has no variant ${variant}. ${known}`);
}
