/** Limits from the manifest, registered with the instance. */
export interface ModelLimits {
  /** Charged runs per task. */
  readonly maxAttempts: number;
  /** Time limit of one run. */
  readonly timeoutSeconds: number;
  /** Maximum number of live instances. */
  readonly maxInstances: number;
  /** Waiting tasks at which submits are answered 429. @default unlimited */
  readonly maxBacklog?: number;
  /** Whether submits are accepted while no instance is alive. */
  readonly acceptWhenAsleep: boolean;
  /** Idle seconds after which an instance stops. @default it stays */
  readonly idleSeconds?: number;
}

/** A registered model. */
export interface Model {
  readonly name: string;
  /** One sentence for the API documentation. */
  readonly description: string;
  /** Display name. @default the words of `name` */
  readonly title?: string;
  /** Implementations of the same contract, the default first. Empty for a model without variants. */
  readonly variants: readonly string[];
  readonly limits: ModelLimits;
  /** Accepted contracts, oldest first: each can read everything that was written with those before it. Never empty. */
  readonly contracts: readonly AcceptedContract[];
  /** Hash of the contract that registered last; absent in rows of earlier builds: the last of `contracts`. */
  readonly registeredLast?: string;
  /** Until this time (Unix milliseconds) a caller is waking an instance. */
  readonly wakingUntil?: number;
  /** Increases with each write: the optimistic lock of `ModelRegistry.writeModel`. */
  readonly version: number;
}

export interface AcceptedContract {
  readonly hash: string;
  readonly requestMessage: string;
  readonly responseMessage: string;
}

/** DNS- and queue-safe after `_` is replaced by `-`. */
const MODEL_NAME = /^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/;
export const MAX_MODEL_NAME_LENGTH = 48;

export const isModelName = (name: string): boolean => name.length <= MAX_MODEL_NAME_LENGTH && MODEL_NAME.test(name);
