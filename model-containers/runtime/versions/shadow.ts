import { limitsOf } from '#catalog/manifest.ts';
import type { Clock } from '#core';
import type { RunRequest } from '../backends/model-backend.ts';
import type { Outcome } from '../worker/model-life.ts';
import type { Lane } from './lane.ts';

/** What a shadow would have answered. */
export interface ShadowAnswer {
  readonly request: RunRequest;
  readonly version: string;
  /** The encoded response message. */
  readonly response: Uint8Array;
}

/** More would compete with the version that answers. */
const MAX_CONCURRENT = 2;
const MAX_WAITING = 256;
/** Tasks are gathered: a run after every answer would compete with the next task of a caller. */
const GATHERED_MS = 50;

interface ShadowOptions {
  readonly clock: Clock;
  readonly onAnswer: (answer: ShadowAnswer) => void;
  /** Called after each task that was counted. */
  readonly onEnd: (hasAnswered: boolean) => void;
}

/** Runs tasks on a version that never answers, after their answers. Tasks above its capacity are left out and counted. */
export class Shadow {
  readonly #lane: Lane;
  readonly #options: ShadowOptions;
  readonly #waiting: RunRequest[] = [];
  #isGathering = false;
  #running = 0;
  #isStopped = false;

  constructor(lane: Lane, options: ShadowOptions) {
    this.#lane = lane;
    this.#options = options;
  }

  /** Returns at once. */
  offer(request: RunRequest): void {
    if (this.#isStopped) return;
    if (this.#waiting.length >= MAX_WAITING) this.#lane.counter.dropped();
    else this.#waiting.push(request);
    if (!this.#isGathering && this.#running === 0) void this.#gather();
  }

  stop(): void {
    this.#isStopped = true;
    this.#waiting.length = 0;
  }

  async #gather(): Promise<void> {
    this.#isGathering = true;
    await this.#options.clock.sleep(GATHERED_MS);
    this.#isGathering = false;
    for (let at = 0; at < MAX_CONCURRENT; at++) this.#next();
  }

  #next(): void {
    if (this.#running >= MAX_CONCURRENT) return;
    const request = this.#waiting.shift();
    if (request) void this.#run(request);
  }

  async #run(request: RunRequest): Promise<void> {
    this.#running++;
    const { counter } = this.#lane;
    const startedAt = performance.now();
    const outcome = await this.#inTime(request);
    const response = 'response' in outcome ? outcome.response : undefined;
    if (response) counter.answered(performance.now() - startedAt);
    else counter.failed();
    this.#running--;
    if (this.#isStopped) return;
    if (response) this.#options.onAnswer({ request, version: counter.version, response });
    this.#options.onEnd(response !== undefined);
    setImmediate(() => this.#next());
  }

  /** No worker watches the time of a shadow's runs. One that hangs would keep its place, and never be judged. */
  async #inTime(request: RunRequest): Promise<Outcome> {
    const { model } = this.#lane;
    const run = model.run([{ ...request, onReport: undefined }]);
    const decided = new AbortController();
    const timeoutMs = 1000 * limitsOf(model.description.manifest).timeoutSeconds;
    void this.#options.clock.sleep(timeoutMs, decided.signal).then(() => {
      if (!decided.signal.aborted) run.abort(0, 'timeout');
    });
    const outcome = (await run.outcomes[0]) as Outcome;
    decided.abort();
    return outcome;
  }
}
