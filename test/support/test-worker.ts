import type { ModelManifest } from '#catalog/manifest.ts';
import { type SubmitCommand, submitTask, type Task, waitForTask } from '#core';
import { createMemoryPlatform, type MemoryPlatform } from '#platform/memory.ts';
import type { Platform } from '#platform/platform.ts';
import { ModelBRequest, ModelBResponse } from '#proto/models/model_b.ts';
import { bindModel } from '#runtime/backends/loaded-model.ts';
import type { ModelDefinition } from '#runtime/define-model.ts';
import { Worker, type WorkerDeps } from '#runtime/worker/worker.ts';
import type { AttemptOutcome, EndedAttempt } from '#runtime/worker/worker-observer.ts';
import { silentLogger } from './silent-logger.ts';

type Definition = ModelDefinition<ModelBRequest, ModelBResponse, undefined>;
export type Predict = NonNullable<Definition['predict']>;
export type PredictBatch = NonNullable<Definition['predictBatch']>;

export const CONTRACT = { hash: 'contract' };

type SubmitOptions = Partial<Pick<SubmitCommand, 'contract' | 'deadlineSeconds' | 'timeoutSeconds'>>;

/** A worker of a model made up by the test. */
export interface TestWorker<P extends Platform = MemoryPlatform> {
  readonly platform: P;
  readonly worker: Worker;
  /** What the worker did, in the order it was done. */
  readonly outcomes: readonly AttemptOutcome[];
  /** The same, with all that was told of each attempt. */
  readonly ends: readonly EndedAttempt[];
  submit(value: number, options?: SubmitOptions): Promise<Task>;
  submitBytes(request: Uint8Array, options?: SubmitOptions): Promise<Task>;
  /** The task once it has ended. */
  ended(task: Task): Promise<Task>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

interface TestWorkerOptions<P extends Platform> extends Partial<WorkerDeps> {
  readonly manifest?: Partial<ModelManifest>;
  readonly leaseSeconds?: number;
  readonly platform: P;
}

type TestModel = { readonly predict: Predict } | { readonly predictBatch: PredictBatch };

/** On a memory platform of its own. */
export const createTestWorker = (
  model: TestModel,
  options: Partial<TestWorkerOptions<MemoryPlatform>> = {},
): TestWorker => createTestWorkerOn(model, { platform: createMemoryPlatform(), ...options });

export function createTestWorkerOn<P extends Platform>(model: TestModel, options: TestWorkerOptions<P>): TestWorker<P> {
  const { manifest, leaseSeconds = 30, platform, ...overrides } = options;
  const definition = {
    manifest: { name: 'model_b', description: '', maxAttempts: 2, ...manifest },
    request: ModelBRequest,
    response: ModelBResponse,
    ...model,
  } as Definition;
  const outcomes: AttemptOutcome[] = [];
  const ends: EndedAttempt[] = [];
  const bound = bindModel(definition, undefined, { variant: undefined, logger: silentLogger });
  const queue = platform.queues('model_b');
  const worker = new Worker({
    ...platform,
    model: bound,
    variant: undefined,
    gate: async ({ contractHash }) =>
      contractHash === CONTRACT.hash ? { verdict: 'run' } : { verdict: 'release', delaySeconds: 2 },
    contractHash: CONTRACT.hash,
    logger: silentLogger,
    observer: {
      attemptEnded(ended) {
        ends.push(ended);
        outcomes.push(ended.outcome);
      },
    },
    consume: (signal) => queue.consume({ leaseSeconds, signal }),
    stopTimeoutMs: 60_000,
    ...overrides,
  });
  const stop = new AbortController();
  let running = Promise.resolve();

  const submitBytes = (request: Uint8Array, more: SubmitOptions = {}) =>
    submitTask(platform, {
      owner: 'local',
      model: 'model_b',
      contract: CONTRACT,
      request,
      limits: { timeoutSeconds: 60 },
      ...more,
    });

  return {
    platform,
    worker,
    outcomes,
    ends,
    submit: (value, more) => submitBytes(ModelBRequest.encode({ value }), more),
    submitBytes,
    ended: (task) => waitForTask(platform, { id: task.id, owner: 'local', waitMs: 20_000 }),
    start() {
      running = worker.run(stop.signal);
      return running;
    },
    stop() {
      stop.abort();
      return running;
    },
  };
}
