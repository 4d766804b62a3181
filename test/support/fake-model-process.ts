import type {
  AbortCause,
  ModelBackend,
  ModelDescription,
  ModelExit,
  ModelProcess,
  ModelRun,
  RunAnswer,
  RunRequest,
} from '#runtime/backends/model-backend.ts';
import type { Weights } from '#runtime/define-model.ts';

/** A fault for `setUp`: it does not end before it is aborted. */
export const HANGING = new Error('It hangs.');

/** A model process that does what a test tells it to. */
class FakeModelProcess implements ModelProcess {
  readonly aborts: AbortCause[] = [];
  /** Whether pings stay without an answer. */
  isBlocked = false;
  wasKilled = false;
  /** The version that it was set up with. */
  weights: Weights | undefined;
  /** What `setUp` rejects with. */
  readonly fault: Error | undefined;
  readonly exited: Promise<ModelExit>;
  readonly #description: ModelDescription;
  readonly #exit = Promise.withResolvers<ModelExit>();
  readonly #open: ((answer: RunAnswer) => void)[] = [];
  readonly #pings: PromiseWithResolvers<void>[] = [];

  constructor(description: ModelDescription, fault: Error | undefined) {
    this.#description = description;
    this.fault = fault;
    this.exited = this.#exit.promise;
  }

  async describe(): Promise<ModelDescription> {
    return this.#description;
  }

  async setUp(_variant?: string, signal?: AbortSignal, weights?: Weights): Promise<void> {
    if (this.fault === HANGING && signal) await new Promise((_, reject) => signal.addEventListener('abort', reject));
    if (this.fault) throw this.fault;
    this.weights = weights;
  }

  run(requests: readonly RunRequest[]): ModelRun {
    const answers = requests.map(() => Promise.withResolvers<RunAnswer>());
    this.#open.push(...answers.map(({ resolve }) => resolve));
    return { answers: answers.map(({ promise }) => promise), abort: (_, cause) => void this.aborts.push(cause) };
  }

  async ping(): Promise<void> {
    if (!this.isBlocked) return;
    const ping = Promise.withResolvers<void>();
    this.#pings.push(ping);
    await ping.promise;
  }

  kill(): void {
    this.wasKilled = true;
    this.exit('was killed by SIGKILL.');
  }

  async close(): Promise<void> {
    this.exit('ended with exit code 0.');
  }

  /** The number of requests without an answer. */
  get open(): number {
    return this.#open.length;
  }

  /** Answers the oldest request that is open. */
  answer(answer: RunAnswer = { response: new Uint8Array() }): void {
    this.#open.shift()?.(answer);
  }

  /** Answers all pings from now on. */
  unblock(): void {
    this.isBlocked = false;
    for (const { resolve } of this.#pings.splice(0)) resolve();
  }

  exit(description: string): void {
    const exit = { description };
    for (const resolve of this.#open.splice(0)) resolve({ exit });
    for (const { reject } of this.#pings.splice(0)) reject(new Error(description));
    this.#exit.resolve(exit);
  }
}

const CONTRACT = { hash: 'contract', requestMessage: 'a.Q', responseMessage: 'a.A', descriptorSet: new Uint8Array() };

/** Starts a fake process each time. `faults` are of the starts in order; undefined is a start that succeeds. */
export function fakeModelBackend(manifest: Partial<ModelDescription['manifest']> = {}, faults: readonly Error[] = []) {
  const processes: FakeModelProcess[] = [];
  const description = { manifest: { name: 'fake', description: 'Fake.', ...manifest }, contract: CONTRACT };
  const backend: ModelBackend = {
    launch() {
      const launched = new FakeModelProcess(description, faults[processes.length]);
      processes.push(launched);
      return launched;
    },
  };
  return { backend, processes, description };
}
