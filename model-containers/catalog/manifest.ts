import type { Model, ModelLimits } from '#core';

/**
 * What a model's folder says about it, as data: read at synth time, by the local supervisor and by the
 * running instance. Fields left out have the defaults of `limitsOf` and `DEFAULTS`.
 */
export interface ModelManifest extends Partial<ModelLimits> {
  /** The folder's name: lower-case snake_case, at most 48 characters. */
  readonly name: string;
  /** One sentence for the API documentation. */
  readonly description: string;
  /** Its name in words. @default the words of `name` */
  readonly title?: string;
  /** Implementations of the same contract; an instance serves one of them. The first is the default. */
  readonly variants?: readonly [string, ...string[]];
  /** Runs that one instance may have in hand at once. @default 1 */
  readonly slots?: number;
  /** Gathers requests for `predictBatch`; a run then is one batch. */
  readonly batching?: Batching;
  /** Instances that `npm start` launches. @default 1 */
  readonly localInstances?: number;
  /** Fargate CPU units (1024 is one vCPU). @default 256 */
  readonly cpu?: number;
  /** What Fargate has with that `cpu`: at least 512, and 2 GiB a vCPU from half of one on. @default 512 */
  readonly memoryMiB?: number;
}

/** Of an instance on Fargate whose manifest does not say it. */
export const DEFAULT_SIZE = { cpu: 256, memoryMiB: 512 } as const;

export interface Batching {
  /** Requests in one batch, 1–1,000. */
  readonly maxSize: number;
  /** How long the first request of a batch may wait for others while the model is busy. An idle model never waits. */
  readonly maxWaitMs: number;
}

const DEFAULT_LIMITS: ModelLimits = {
  maxAttempts: 3,
  timeoutSeconds: 60,
  maxInstances: 10,
  acceptWhenAsleep: true,
};

/** What the registry is told of the manifest. */
export const registeredManifest = (
  manifest: ModelManifest,
): Pick<Model, 'description' | 'title' | 'variants' | 'limits'> => ({
  description: manifest.description,
  ...(manifest.title === undefined ? {} : { title: manifest.title }),
  variants: manifest.variants ?? [],
  limits: limitsOf(manifest),
});

/** The manifest's limits with the defaults filled in. */
export function limitsOf(manifest: ModelManifest): ModelLimits {
  const { maxAttempts, timeoutSeconds, maxInstances, maxBacklog, acceptWhenAsleep, idleSeconds } = manifest;
  return {
    maxAttempts: maxAttempts ?? DEFAULT_LIMITS.maxAttempts,
    timeoutSeconds: timeoutSeconds ?? DEFAULT_LIMITS.timeoutSeconds,
    maxInstances: maxInstances ?? DEFAULT_LIMITS.maxInstances,
    acceptWhenAsleep: acceptWhenAsleep ?? DEFAULT_LIMITS.acceptWhenAsleep,
    ...(maxBacklog === undefined ? {} : { maxBacklog }),
    ...(idleSeconds === undefined ? {} : { idleSeconds }),
  };
}
