import type { ModelManifest } from '#catalog/manifest.ts';
import { type Delivery, giveUpTask, type SubmitCommand, submitTask, type Task, waitForTask } from '#core';
import { createMemoryPlatform, type MemoryPlatform } from '#platform/memory.ts';
import type { Platform } from '#platform/platform.ts';
import { ModelBRequest, ModelBResponse } from '#proto/models/model_b.ts';
import type { ModelBackend } from '#runtime/backends/model-backend.ts';
import type { ModelDefinition } from '#runtime/define-model.ts';
import { RunningModel } from '#runtime/worker/running-model.ts';
import { Worker, type WorkerDeps } from '#runtime/worker/worker.ts';
import type { AttemptOutcome, EndedAttempt } from '#runtime/worker/worker-observer.ts';
import { inProcessBackend } from './in-process-model.ts';
import { silentLogger } from './silent-logger.ts';

type Definition = ModelDefinition<ModelBRequest, ModelBResponse, undefined>;
export type Predict = NonNullable<Definition['predict']>;
export type PredictBatch = NonNullable<Definition['predictBatch']>;

export const CONTRACT = { hash: 'contract' };

type SubmitOptions = Partial<Pick<SubmitCommand, 'contract' | 'deadlineSeconds' | 'timeoutSeconds'>>;

/** A worker of a model made up by the test. */
export interface TestWorker<P extends Platform = MemoryPlatform> {
  readonly platform: P;
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

interface TestWorkerOptions<P extends Platform> extends Partial<Omit<WorkerDeps, 'model'>> {
  readonly manifest?: Partial<ModelManifest>;
  readonly leaseSeconds?: number;
  /** How long the model may take to react to an abort or a ping. @default 5,000 */
  readonly graceMs?: number;
  readonly platform: P;
}

/** A model in this process, or one behind any backend. */
type TestModel =
  | { readonly predict: Predict }
  | { readonly predictBatch: PredictBatch }
  | { readonly backend: ModelBackend };

/** On a memory platform of its own. */
export const createTestWorker = (
  model: TestModel,
  options: Partial<TestWorkerOptions<MemoryPlatform>> = {},
): TestWorker => createTestWorkerOn(model, { platform: createMemoryPlatform(), ...options });

export function createTestWorkerOn<P extends Platform>(model: TestModel, options: TestWorkerOptions<P>): TestWorker<P> {
  const { manifest, leaseSeconds = 30, graceMs = 5000, platform, ...overrides } = options;
  const { clock } = platform;
  const backend = 'backend' in model ? model.backend : inProcessBackend(define(model, manifest));
  const outcomes: AttemptOutcome[] = [];
  const ends: EndedAttempt[] = [];
  const queue = platform.queues('model_b');
  const createWorker = (running: RunningModel) =>
    new Worker({
      ...platform,
      model: running,
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

  async function run(): Promise<void> {
    const loaded = new RunningModel({ backend, clock, logger: silentLogger, graceMs });
    try {
      await loaded.load();
      await loaded.setUp(undefined, stop.signal);
      await createWorker(loaded).run(stop.signal);
    } finally {
      await loaded.close();
    }
  }

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
    outcomes,
    ends,
    submit: (value, more) => submitBytes(ModelBRequest.encode({ value }), more),
    submitBytes,
    ended: (task) => waitForTask(platform, { id: task.id, owner: 'local', waitMs: 20_000 }),
    start() {
      running = run();
      return running;
    },
    stop() {
      stop.abort();
      return running;
    },
  };
}

/** The definition of a model made up by the test. */
export const define = (
  model: Exclude<TestModel, { readonly backend: ModelBackend }>,
  manifest?: Partial<ModelManifest>,
): Definition => ({
  manifest: { name: 'model_b', description: '', maxAttempts: 2, ...manifest },
  request: ModelBRequest,
  response: ModelBResponse,
  ...model,
});

/** The next dead letter, after its task was ended as the API would. */
export async function deadLetter({ platform }: TestWorker) {
  const stop = new AbortController();
  const consumer = platform
    .queues('model_b')
    .consume({ leaseSeconds: 30, signal: stop.signal, source: 'dead-letters' });
  let delivery: Delivery | undefined;
  while (!delivery) [delivery] = await consumer.receive(1);
  await giveUpTask(platform, {
    model: 'model_b',
    body: delivery.body,
    attempts: delivery.attempts,
    ...(delivery.reason ? { reason: delivery.reason } : {}),
  });
  await delivery.ack();
  stop.abort();
  await consumer.close();
  return delivery;
}
