import { completeLimits, isVersionedName, type ModelLimits, type RegisteredManifest, versionedName } from '#core';

/**
 * The description of a model. CDK synthesis, `npm start` and the instance read it. `docs/configuration.md` lists range
 * and default of each field.
 */
export interface ModelManifest extends Partial<ModelLimits> {
  /** The folder's name: lower-case snake_case, at most 48 characters. */
  readonly name: string;
  /** The contract version. The folder of another version than 1 is named after both: `churn_v2`. @default 1 */
  readonly version?: number;
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
  /** Whether its weights are versions that are deployed while it runs. @default false */
  readonly versioned?: boolean;
  /** How the messages fit tensors. @default fields and tensors have the same names */
  readonly tensors?: TensorMapping;
  /** A server that speaks HTTP, instead of a model in this folder. */
  readonly container?: ContainerSource;
  /** Memory that Fargate supports with `cpu`: at least 512, and 2 GiB per vCPU from half a vCPU. @default 512 */
  readonly memoryMiB?: number;
}

export interface Batching {
  /** Requests per batch, 1–1,000. */
  readonly maxSize: number;
  /** Maximum wait of the first request for others while the model is busy. An idle model does not wait. */
  readonly maxWaitMs: number;
}

/** For `model.onnx`, and for containers with the protocol `kserve`. */
export interface TensorMapping {
  /** By input: the request's field, or the fields that are its columns. */
  readonly inputs?: Readonly<Record<string, string | readonly string[]>>;
  /** By output: the field of the response. */
  readonly outputs?: Readonly<Record<string, string>>;
  /** Class names by index, for strings and maps in the response. */
  readonly labels?: readonly string[];
}

/**
 * What a container speaks: `json` and `protobuf` the messages of the contract, `sagemaker` those in JSON at
 * `/invocations`, `kserve` the Open Inference Protocol v2, `cog` predictions of Cog.
 */
export const PROTOCOLS = ['json', 'protobuf', 'sagemaker', 'kserve', 'cog'] as const;
export type ContainerProtocol = (typeof PROTOCOLS)[number];

/** Paths of `container` where the manifest names none. */
const PATHS: Readonly<Record<ContainerProtocol, string>> = {
  json: '/health',
  protobuf: '/health',
  sagemaker: '/ping',
  kserve: '/v2/health/ready',
  cog: '/health-check',
};

/** The path of a container's readiness check. */
export const healthPathOf = ({ protocol, health }: ContainerSource): string => health ?? PATHS[protocol];

/** Whether a container runs beside deployed instances. One with a command only is started by the instance. */
export const hasSidecar = ({ container }: Pick<ModelManifest, 'container'>): boolean =>
  (container?.image ?? container?.build) !== undefined;

export interface ContainerSource {
  readonly protocol: ContainerProtocol;
  /** Where the container listens. A `command` may listen elsewhere: `{port}` in its arguments is a free port. */
  readonly port: number;
  /** An image that already serves. */
  readonly image?: string;
  /** A folder with a Dockerfile, relative to the model's folder. */
  readonly build?: string;
  /** A program and its arguments, started in the model's folder. */
  readonly command?: readonly [string, ...string[]];
  /** Where requests are posted. @default what the protocol says, `/predict` for json and protobuf */
  readonly path?: string;
  /** Answers 200 when it is ready. @default what the protocol says, `/health` for json and protobuf */
  readonly health?: string;
  /** The model's name in paths of `kserve`. @default the name of the manifest */
  readonly model?: string;
}

/** Defaults of the fields of a manifest, besides its limits. */
export const DEFAULTS = { slots: 1, localInstances: 1, cpu: 256, memoryMiB: 512 } as const;

export const limitsOf = (manifest: ModelManifest): ModelLimits =>
  completeLimits({ acceptWhenFailing: manifest.acceptWhenAsleep, ...manifest });

/** The manifest under the name that its contract version has in registry, queues and services. */
export function identified(manifest: ModelManifest): ModelManifest {
  const { name, version = 1 } = manifest;
  return isVersionedName(name) ? manifest : { ...manifest, name: versionedName({ model: name, version }) };
}

/** The part of the manifest that the registry stores. */
export const registeredManifest = (manifest: ModelManifest): RegisteredManifest => ({
  description: manifest.description,
  ...(manifest.title === undefined ? {} : { title: manifest.title }),
  variants: manifest.variants ?? [],
  limits: limitsOf(manifest),
});

/** The variant of an instance: the given one, otherwise the first. Throws for a variant that the model does not have. */
export function variantOf({ name, variants }: ModelManifest, variant: string | undefined): string | undefined {
  if (variant === undefined) return variants?.[0];
  if (variants?.includes(variant)) return variant;
  const known = variants ? `It has: ${variants.join(', ')}.` : 'It has none.';
  throw new Error(`The model ${name} has no variant ${variant}. ${known}`);
}
