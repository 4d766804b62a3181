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

/** Runs tasks on a version that never answers, after their answers. Tasks above its capacity are left out and counted. */
export class Shadow {
  readonly #lane: Lane;
  readonly #onAnswer: (answer: ShadowAnswer) => void;
  readonly #waiting: RunRequest[] = [];
  #running = 0;
  #isStopped = false;

  constructor(lane: Lane, onAnswer: (answer: ShadowAnswer) => void) {
    this.#lane = lane;
    this.#onAnswer = onAnswer;
  }

  /** Returns at once. */
  offer(request: RunRequest): void {
    if (this.#isStopped) return;
    if (this.#waiting.length >= MAX_WAITING) this.#lane.counter.dropped();
    else this.#waiting.push(request);
    if (this.#running < MAX_CONCURRENT) setImmediate(() => this.#next());
  }

  stop(): void {
    this.#isStopped = true;
    this.#waiting.length = 0;
  }

  #next(): void {
    if (this.#running >= MAX_CONCURRENT) return;
    const request = this.#waiting.shift();
    if (request) void this.#run(request);
  }

  async #run(request: RunRequest): Promise<void> {
    this.#running++;
    const { model, counter } = this.#lane;
    const startedAt = performance.now();
    const outcome = (await model.run([{ ...request, onReport: undefined }]).outcomes[0]) as Outcome;
    const response = 'response' in outcome ? outcome.response : undefined;
    if (response) counter.answered(performance.now() - startedAt);
    else counter.failed();
    this.#running--;
    if (this.#isStopped) return;
    if (response) this.#onAnswer({ request, version: counter.version, response });
    setImmediate(() => this.#next());
  }
}
