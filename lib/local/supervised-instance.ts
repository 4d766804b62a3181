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
  /** Logger of the supervisor, with the instance as source. */
  readonly logger: Logger;
  /** Receives the events of the instance. */
  readonly onEvent: (event: LogEvent) => void;
  /** Called when there is no command to start it with, for example without Python. */
  readonly onUnprepared: (reason: string) => void;
  /** Time between SIGTERM and SIGKILL. */
  readonly stopTimeoutMs: number;
  /** Minimum and maximum delay before a restart. It grows with consecutive crashes. */
  readonly firstBackoffMs: number;
  readonly longestBackoffMs: number;
  /** Lifetime after which the number of consecutive crashes is reset. */
  readonly stableAfterMs: number;
}

/** Restarts one instance until it is stopped or ends by itself. */
export class SupervisedInstance {
  readonly identity: InstanceIdentity;
  /** Resolves when its process has ended and will not restart. Never rejects. */
  readonly ended: Promise<void>;
  readonly #command: () => InstanceCommand | Promise<InstanceCommand>;
  readonly #options: SupervisionOptions;
  readonly #stopping = new AbortController();
  /** Ends the delay before a restart. */
  #pause = new AbortController();
  #isReloading = false;
  #process: InstanceProcess | undefined;
  #startedAt = 0;
  #crashes = 0;
  #isPreparing = false;

  /** `command` may install packages first. A rejection counts as a crash. */
  constructor(
    identity: InstanceIdentity,
    command: () => InstanceCommand | Promise<InstanceCommand>,
    options: SupervisionOptions,
  ) {
    this.identity = identity;
    this.#command = command;
    this.#options = options;
    this.ended = this.#run();
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Start time of the current process, Unix milliseconds. */
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

  /** Waits for its current work. Resolves when it has ended. Idempotent. */
  async stop(): Promise<void> {
    if (!this.isStopping) {
      this.#stopping.abort();
      this.#endProcess();
    }
    await this.ended;
  }

  /** Starts the process again with the current command, after its current work. Ends a delay before a restart. */
  reload(): void {
    if (this.isStopping) return;
    this.#isReloading = true;
    this.#pause.abort();
    this.#endProcess();
  }

  /** Kills the process. It restarts unless it is stopping. */
  kill(): void {
    this.#process?.signal('SIGKILL');
  }

  async #run(): Promise<void> {
    const { clock, stableAfterMs } = this.#options;
    let recent = 0;
    while (!this.isStopping) {
      const exit = await this.#runOnce();
      if (this.#isReloading && !this.isStopping) {
        this.#options.logger.info('Starting again with the changed files.');
        continue;
      }
      if (this.isStopping || exit.code === 0) return this.#logEnd(exit);
      recent = clock.now() - this.#startedAt >= stableAfterMs ? 1 : recent + 1;
      this.#crashes += 1;
      const delayMs = this.#backoff(recent);
      this.#logCrash(exit, delayMs);
      await clock.sleep(delayMs, AbortSignal.any([this.#stopping.signal, this.#pause.signal]));
    }
    this.#options.logger.info('Stopped while waiting for a restart.');
  }

  async #prepare(): Promise<InstanceCommand | Error> {
    try {
      const command = this.#command();
      this.#isPreparing = command instanceof Promise;
      return await command;
    } catch (error) {
      return error as Error;
    } finally {
      this.#isPreparing = false;
    }
  }

  async #runOnce(): Promise<ProcessExit> {
    this.#isReloading = false;
    this.#pause = new AbortController();
    this.#startedAt = this.#options.clock.now();
    const command = await this.#prepare();
    if (command instanceof Error) {
      this.#options.onUnprepared(command.message);
      return { code: null, signal: null, lastError: command.message };
    }
    if (this.isStopping || this.#isReloading) return { code: 0, signal: null };
    this.#process = startProcess(command, this.#options.onEvent);
    this.#options.logger.info('Starting.', { pid: this.#process.pid });
    const exit = await this.#process.exited;
    this.#process = undefined;
    return exit;
  }

  #endProcess(): void {
    if (!this.#process) return;
    this.#process.signal('SIGTERM');
    void this.#killWhenLate(this.#process);
  }

  async #killWhenLate(process: InstanceProcess): Promise<void> {
    const { clock, logger, stopTimeoutMs } = this.#options;
    const gone = new AbortController();
    void process.exited.then(() => gone.abort());
    await clock.sleep(stopTimeoutMs, gone.signal);
    if (gone.signal.aborted) return;
    logger.warn(`Did not stop within ${stopTimeoutMs / 1000} s and was killed.`);
    process.signal('SIGKILL');
  }

  /** Jitter spreads restarts. The minimum is above 0, because an immediate restart would often fail. */
  #backoff(failures: number): number {
    const { firstBackoffMs, longestBackoffMs } = this.#options;
    const delayMs = backoffMs({ baseMs: 2 * firstBackoffMs, maxMs: longestBackoffMs }, failures);
    return Math.round(Math.max(firstBackoffMs, delayMs));
  }

  #logCrash(exit: ProcessExit, delayMs: number): void {
    this.#options.logger.error(`${exitText(exit)}. Restarting in ${(delayMs / 1000).toFixed(1)} s.`, {
      exit_code: exit.code,
      signal: exit.signal,
      last_error: exit.lastError,
    });
  }

  #logEnd(exit: ProcessExit): void {
    const { logger } = this.#options;
    // An instance that exits with code 0 has logged the reason.
    if (exit.code === 0) logger.debug('The process ended.', { exit_code: 0 });
    else logger.warn(`${exitText(exit)} during its stop.`, { exit_code: exit.code, signal: exit.signal });
  }
}
