import { backoffMs, type Clock, type Logger } from '#core';
import type { LogEvent } from '#gateway/log-event.ts';
import {
  exitText,
  type InstanceCommand,
  type InstanceProcess,
  type ProcessExit,
  startProcess,
} from './instance-process.ts';

export interface InstanceIdentity {
  readonly id: string;
  readonly model: string;
  readonly variant?: string;
}

export interface SupervisionOptions {
  readonly clock: Clock;
  /** Tells what the supervisor does, under the name of the instance. */
  readonly logger: Logger;
  /** What the instance itself says. */
  readonly onEvent: (event: LogEvent) => void;
  /** From SIGTERM to SIGKILL. */
  readonly stopTimeoutMs: number;
  /** The shortest and the longest delay before a crashed instance starts again; it grows with each crash in a row. */
  readonly firstBackoffMs: number;
  readonly longestBackoffMs: number;
  /** An instance that lived this long starts again as if it had never crashed. */
  readonly stableAfterMs: number;
}

/** Keeps one instance running until it is stopped or ends by itself. */
export class SupervisedInstance {
  readonly identity: InstanceIdentity;
  /** Resolves, never rejects, when its process is gone for good. */
  readonly ended: Promise<void>;
  readonly #command: () => Promise<InstanceCommand>;
  readonly #options: SupervisionOptions;
  readonly #stopping = new AbortController();
  #process: InstanceProcess | undefined;
  #startedAt = 0;
  #crashes = 0;
  #isPreparing = false;

  /** `command` may first install what the model needs. Its rejection counts as a crash. */
  constructor(identity: InstanceIdentity, command: () => Promise<InstanceCommand>, options: SupervisionOptions) {
    this.identity = identity;
    this.#command = command;
    this.#options = options;
    this.ended = this.#run();
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** When the process that runs now was started, Unix milliseconds. */
  get startedAt(): number {
    return this.#startedAt;
  }

  get crashes(): number {
    return this.#crashes;
  }

  get isPreparing(): boolean {
    return this.#isPreparing;
  }

  get isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** Lets it finish what it holds; resolves when it is gone. Calling it twice is harmless. */
  async stop(): Promise<void> {
    if (!this.isStopping) {
      this.#stopping.abort();
      this.#process?.signal('SIGTERM');
      void this.#killWhenLate();
    }
    await this.ended;
  }

  /** Ends the process at once. It starts again unless it is stopping. */
  kill(): void {
    this.#process?.signal('SIGKILL');
  }

  async #run(): Promise<void> {
    const { clock, stableAfterMs } = this.#options;
    let recent = 0;
    while (!this.isStopping) {
      const exit = await this.#runOnce();
      if (this.isStopping || exit.code === 0) return this.#tellEnd(exit);
      recent = clock.now() - this.#startedAt >= stableAfterMs ? 1 : recent + 1;
      this.#crashes += 1;
      const delayMs = this.#backoff(recent);
      this.#tellCrash(exit, delayMs);
      await clock.sleep(delayMs, this.#stopping.signal);
    }
    this.#options.logger.info('Stopped while it waited to start again.');
  }

  async #runOnce(): Promise<ProcessExit> {
    this.#startedAt = this.#options.clock.now();
    this.#isPreparing = true;
    const command = await this.#command().catch((error: Error) => error);
    this.#isPreparing = false;
    if (command instanceof Error) return { code: null, signal: null, lastError: command.message };
    if (this.isStopping) return { code: 0, signal: null };
    this.#process = startProcess(command, this.#options.onEvent);
    this.#options.logger.info('Starting.', { pid: this.#process.pid });
    const exit = await this.#process.exited;
    this.#process = undefined;
    return exit;
  }

  async #killWhenLate(): Promise<void> {
    const { clock, logger, stopTimeoutMs } = this.#options;
    const gone = new AbortController();
    void this.ended.then(() => gone.abort());
    await clock.sleep(stopTimeoutMs, gone.signal);
    if (gone.signal.aborted) return;
    logger.warn(`Did not stop within ${stopTimeoutMs / 1000} s and is killed.`);
    this.kill();
  }

  /** Jitter lets many that crashed together come back apart, but never at once: what broke needs a moment too. */
  #backoff(failures: number): number {
    const { firstBackoffMs, longestBackoffMs } = this.#options;
    const delayMs = backoffMs({ baseMs: 2 * firstBackoffMs, maxMs: longestBackoffMs }, failures);
    return Math.round(Math.max(firstBackoffMs, delayMs));
  }

  #tellCrash(exit: ProcessExit, delayMs: number): void {
    this.#options.logger.error(`${exitText(exit)} and starts again in ${(delayMs / 1000).toFixed(1)} s.`, {
      exit_code: exit.code,
      signal: exit.signal,
      last_error: exit.lastError,
    });
  }

  #tellEnd(exit: ProcessExit): void {
    const { logger } = this.#options;
    // One that ends well has said so itself.
    if (exit.code === 0) logger.debug('The process ended.', { exit_code: 0 });
    else logger.warn(`${exitText(exit)} while it stopped.`, { exit_code: exit.code, signal: exit.signal });
  }
}
