import { StatsRecorder } from '#runtime/instance/stats-recorder.ts';
import { RunningModel } from '#runtime/worker/running-model.ts';
import { Worker } from '#runtime/worker/worker.ts';
import { toAll, type WorkerObserver } from '#runtime/worker/worker-observer.ts';
import type { Actor } from '../engine/engine.ts';
import { SimClock } from '../engine/sim-clock.ts';
import type { SimPlatform } from '../servers/ports.ts';
import { simBackend } from './sim-backend.ts';
import { MODEL } from './sim-model.ts';
import { traceLogger } from './trace-logger.ts';
import type { World } from './world.ts';

const STOP_TIMEOUT_MS = 20_000;
const RESTART_MS = { min: 1_000, max: 15_000 };

/** One place in which an instance runs: whenever its process ends, the next one starts after a back-off. */
export class InstancePlace {
  readonly #world: World;
  readonly #platform: SimPlatform;
  readonly #index: number;
  #actor: Actor | undefined;
  #stop = new AbortController();
  #starts = 0;

  constructor(world: World, platform: SimPlatform, index: number) {
    this.#world = world;
    this.#platform = platform;
    this.#index = index;
    world.engine.after(world.kernel, world.scenario.instances[index] ?? 0, () => this.#start());
  }

  kill(): void {
    if (this.#actor) this.#world.kill(this.#actor, 'by kill -9');
  }

  freeze(ms: number): void {
    if (this.#actor?.isAlive) this.#world.network.freeze(this.#actor, ms);
  }

  /** As SIGTERM does; a process that does not end in time is killed. */
  stop(): void {
    const actor = this.#actor;
    if (!actor?.isAlive) return;
    const stop = this.#stop;
    const { engine, kernel } = this.#world;
    this.#world.trace(actor, () => 'is told to stop');
    this.#world.contracts.drain(actor);
    engine.after(actor, 0, () => stop.abort());
    engine.after(kernel, STOP_TIMEOUT_MS + 10_000, () => this.#world.kill(actor, 'by SIGKILL'));
  }

  #start(): void {
    const { engine, kernel } = this.#world;
    this.#starts += 1;
    const skewMs = this.#world.scenario.skews?.instances[this.#index];
    const actor = engine.spawn(`instance-${this.#index + 1}.${this.#starts}`, skewMs);
    this.#actor = actor;
    this.#stop = new AbortController();
    this.#world.onDeath(actor, () => {
      const pauseMs = Math.min(RESTART_MS.max, RESTART_MS.min * 2 ** Math.min(this.#starts - 1, 10));
      engine.after(kernel, pauseMs, () => this.#start());
    });
    // In an event of its own, so that its timers belong to it.
    engine.after(actor, 0, () => {
      this.#work(actor, this.#stop.signal).then(
        () => this.#world.kill(actor, 'after it was stopped'),
        (error) => {
          this.#world.oracle.instanceFailed(actor, error);
          this.#world.kill(actor, `of ${error}`);
        },
      );
    });
  }

  /** What `ModelInstance` does, without registry, heartbeat and health server. */
  async #work(actor: Actor, stop: AbortSignal): Promise<void> {
    const world = this.#world;
    const ports = this.#platform.connect(actor);
    await world.setClock(actor);
    const { contracts } = world;
    const version = contracts.versionOf(this.#index);
    const clock = new SimClock(world.engine, actor);
    const logger = traceLogger(world, actor);
    const model = new RunningModel({ backend: simBackend(world, actor, version), clock, logger });
    await model.load();
    await model.setUp(undefined, stop);
    contracts.register(actor, version);
    const { stats, clock: storeClock } = ports;
    const recorder = stats && new StatsRecorder({ model: MODEL, stats, clock: storeClock, logger });
    const tracer: WorkerObserver = {
      attemptEnded: ({ outcome, taskId = 'no task' }) => world.trace(actor, () => `attempt of ${taskId}: ${outcome}`),
    };
    const worker = new Worker({
      ...ports,
      model,
      gate: contracts.gate(actor, version),
      contractHash: contracts.hashOf(version),
      instance: actor.name,
      logger,
      observer: recorder ? toAll(tracer, recorder) : tracer,
      consume: (signal) => ports.queues(MODEL).consume({ leaseSeconds: world.scenario.leaseSeconds, signal }),
      stopTimeoutMs: STOP_TIMEOUT_MS,
    });
    await worker.run(stop).finally(() => Promise.all([recorder?.close(), model.close()]));
  }
}
