import { identified, limitsOf } from '#catalog/manifest.ts';
import { backoffMs, type Clock, type Logger, ModelyardError } from '#core';
import type { ModelBackend, ModelDescription, ModelProcess, RunRequest } from '../backends/model-backend.ts';
import type { Weights } from '../define-model.ts';
import { type LiveRun, ModelLife } from './model-life.ts';

export interface RunningModelOptions {
  readonly backend: ModelBackend;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Uniform in [0, 1). @default Math.random */
  readonly random?: () => number;
  /** Maximum time in which the model must react to an abort or a ping. @default 5,000 */
  readonly graceMs?: number;
  /** Whether the processes let others go first. @default false */
  readonly inBackground?: boolean;
}

/** `blocked`: the model's thread does not answer pings. `restarting`: its process ended, and the next is not ready. */
export type ModelCondition = 'ready' | 'blocked' | 'restarting';

const RESTART_BACKOFF = { baseMs: 200, maxMs: 30_000 };
/** Consecutive failed starts after which the instance ends. */
const MAX_FAILED_STARTS = 5;

/** Runs the model in a process. Restarts the process with exponential back-off when it ends. */
export class RunningModel {
  /** Rejects when the model cannot be restarted. */
  readonly failed: Promise<never>;
  readonly #options: Required<RunningModelOptions>;
  readonly #failed = Promise.withResolvers<never>();
  readonly #closed = new AbortController();
  readonly #listeners = new Set<(condition: ModelCondition) => void>();
  #process: ModelProcess;
  #description: ModelDescription | undefined;
  #variant: string | undefined;
  #weights: Weights | undefined;
  #life: ModelLife | undefined;
  #condition: ModelCondition = 'restarting';
  /** Consecutive processes that ended before they answered a request. */
  #livesWithoutAnswer = 0;

  /** Starts the process. */
  constructor(options: RunningModelOptions) {
    this.#options = { random: Math.random, graceMs: 5000, inBackground: false, ...options };
    this.#process = this.#launch();
    this.failed = this.#failed.promise;
    this.failed.catch(() => undefined);
  }

  get condition(): ModelCondition {
    return this.#condition;
  }

  /** Throws before `load` has resolved. */
  get description(): ModelDescription {
    if (!this.#description) throw new Error('The model is not loaded.');
    return this.#description;
  }

  onCondition(listener: (condition: ModelCondition) => void): void {
    this.#listeners.add(listener);
  }

  /** Resolves when the model's code is loaded. Rejects with `ModelStartError`. */
  async load(): Promise<ModelDescription> {
    this.#description = await this.#describe();
    return this.#description;
  }

  /** The version that it serves. */
  get version(): string | undefined {
    return this.#weights?.version;
  }

  /** Runs the model's `setup`. Call after `load`. Rejects with `ModelStartError`. */
  async setUp(variant: string | undefined, stop: AbortSignal, weights?: Weights): Promise<void> {
    this.#variant = variant;
    this.#weights = weights;
    await this.#process.setUp(variant, stop, weights);
    this.#live();
  }

  /**
   * Another process of this model, set up with another version. In the background, it lets other processes go first.
   * Rejects when the version cannot be set up, or when `stop` aborts.
   */
  async beside(weights: Weights, { inBackground = false, stop = this.#closed.signal } = {}): Promise<RunningModel> {
    const other = new RunningModel({ ...this.#options, inBackground });
    try {
      this.#assertSame(await other.load());
      await other.setUp(this.#variant, AbortSignal.any([this.#closed.signal, stop]), weights);
      return other;
    } catch (error) {
      other.#process.kill();
      void other.close();
      throw error;
    }
  }

  /** Ends the process after its last answer, or after the time limit of a run. It is not restarted. */
  async retire(): Promise<void> {
    const { clock, graceMs } = this.#options;
    this.#closed.abort();
    const idle = new AbortController();
    const maxMs = limitsOf(this.description.manifest).timeoutSeconds * 1000 + graceMs;
    await Promise.race([this.#life?.whenIdle(), clock.sleep(maxMs, idle.signal)]);
    idle.abort();
    await this.#process.close();
  }

  /** Starts a run. While the model is restarting, every outcome is `repeat`. */
  run(requests: readonly RunRequest[]): LiveRun {
    if (this.#life) return this.#life.run(requests);
    const outcome = { exit: { description: 'is not ready.' }, verdict: 'repeat' } as const;
    const abort = () => undefined;
    return { outcomes: requests.map(async () => outcome), abort, wasAlone: () => false, wasStalled: () => true };
  }

  /** Whether the model's thread answers a ping within `graceMs`. */
  async reacts(): Promise<boolean> {
    return (await this.#life?.reacts()) ?? false;
  }

  /** Ends the process. It is not restarted. */
  async close(): Promise<void> {
    this.#closed.abort();
    await this.#process.close();
  }

  #live(): void {
    const { clock, graceMs } = this.#options;
    const life = new ModelLife({
      process: this.#process,
      clock,
      graceMs,
      timeoutMs: limitsOf(this.description.manifest).timeoutSeconds * 1000,
      onBlocked: (isBlocked) => this.#become(isBlocked ? 'blocked' : 'ready'),
    });
    this.#life = life;
    this.#become('ready');
    void life.ended.then((why) => this.#ended(life, why));
  }

  async #ended(life: ModelLife, why: string): Promise<void> {
    if (this.#closed.signal.aborted) return;
    this.#options.logger.error(`The model process ${why}`, { requests: life.unanswered });
    this.#life = undefined;
    if (life.answered > 0) this.#livesWithoutAnswer = 0;
    this.#become('restarting');
    await this.#restart();
  }

  async #restart(): Promise<void> {
    const { clock, logger, random } = this.#options;
    const { signal } = this.#closed;
    for (let failedStarts = 0; ; ) {
      this.#livesWithoutAnswer++;
      const pauseMs = Math.ceil(backoffMs(RESTART_BACKOFF, this.#livesWithoutAnswer, random));
      logger.info('Restarting the model.', { pauseMs });
      await clock.sleep(pauseMs, signal);
      if (signal.aborted) return;
      try {
        this.#process = this.#launch();
        this.#assertSame(await this.#describe());
        await this.#process.setUp(this.#variant, signal, this.#weights);
        return this.#live();
      } catch (error) {
        if (signal.aborted) return;
        this.#process.kill();
        failedStarts++;
        logger.error('The model could not be restarted.', { error, failedStarts });
        if (failedStarts >= MAX_FAILED_STARTS) return this.#failed.reject(error);
      }
    }
  }

  #launch(): ModelProcess {
    const process = this.#options.backend.launch();
    if (this.#options.inBackground) process.yieldToOthers?.();
    return process;
  }

  async #describe(): Promise<ModelDescription> {
    const { manifest, contract } = await this.#process.describe();
    return { manifest: identified(manifest), contract };
  }

  /** The instance has registered the contract and the manifest of the first process. */
  #assertSame({ contract, manifest }: ModelDescription): void {
    const before = this.description;
    const isSame =
      contract.hash === before.contract.hash && JSON.stringify(manifest) === JSON.stringify(before.manifest);
    if (isSame) return;
    throw new ModelyardError('internal', 'The model has changed since the instance started.');
  }

  #become(condition: ModelCondition): void {
    if (condition === this.#condition) return;
    const { logger } = this.#options;
    if (condition === 'blocked') logger.warn('The model does not respond: its thread is blocked.');
    if (this.#condition === 'blocked' && condition === 'ready') logger.info('The model responds again.');
    this.#condition = condition;
    for (const listener of this.#listeners) listener(condition);
  }
}
