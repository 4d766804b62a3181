import { completeLimits, type ModelLimits, type RegisteredManifest } from '#core';

/**
 * The description of a model. CDK synthesis, `npm start` and the instance read it. `docs/configuration.md` lists range
 * and default of each field.
 */
export interface ModelManifest extends Partial<ModelLimits> {
  /** The folder's name: lower-case snake_case, at most 48 characters. */
  readonly name: string;
  /** One sentence for the API documentation. */
  readonly description: string;
  /** Display name. @default the words of `name` */
  readonly title?: string;
  /** Implementations of the same contract. An instance serves one of them. @default the first */
  readonly variants?: readonly [string, ...string[]];
  /** Concurrent runs per instance. @default 1 */
  readonly slots?: number;
  /** Collects requests for `predictBatch`. A run is then one batch. */
  readonly batching?: Batching;
  /** Instances that `npm start` launches. @default 1 */
  readonly localInstances?: number;
  /** Fargate CPU units (1024 is one vCPU). @default 256 */
  readonly cpu?: number;
  /** Maps messages to the graph of `model.onnx`. @default fields and tensors have the same names */
  readonly onnx?: OnnxMapping;
  /** Memory that Fargate supports with `cpu`: at least 512, and 2 GiB per vCPU from half a vCPU. @default 512 */
  readonly memoryMiB?: number;
}

export interface Batching {
  /** Requests per batch, 1–1,000. */
  readonly maxSize: number;
  /** Maximum wait of the first request for others while the model is busy. An idle model does not wait. */
  readonly maxWaitMs: number;
}

export interface OnnxMapping {
  /** Input of the graph → the request's field, or its columns in order. */
  readonly inputs?: Readonly<Record<string, string | readonly string[]>>;
  /** Output of the graph → field of the response. */
  readonly outputs?: Readonly<Record<string, string>>;
  /** Class names by index, for strings and maps in the response. */
  readonly labels?: readonly string[];
}

/** Defaults of optional fields other than limits. */
export const DEFAULTS = { slots: 1, localInstances: 1, cpu: 256, memoryMiB: 512 } as const;

export const limitsOf = (manifest: ModelManifest): ModelLimits => completeLimits(manifest);

/** The part of the manifest that the registry stores. */
export const registeredManifest = (manifest: ModelManifest): RegisteredManifest => ({
  description: manifest.description,
  ...(manifest.title === undefined ? {} : { title: manifest.title }),
  variants: manifest.variants ?? [],
  limits: limitsOf(manifest),
});
