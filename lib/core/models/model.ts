/** What a model promises to and demands of the system; from its manifest, told at registration. */
export interface ModelLimits {
  /** Runs of one task before it is given up. */
  readonly maxAttempts: number;
  /** The longest one run may take. */
  readonly timeoutSeconds: number;
  /** Instances that may live at once. */
  readonly maxInstances: number;
  /** Waiting tasks from which on submits are refused with 429; absent: no limit. */
  readonly maxBacklog?: number;
  /** Whether a submit is accepted while no instance is alive. */
  readonly acceptWhenAsleep: boolean;
  /** Seconds without work after which the last instance stops itself; absent: it stays. */
  readonly idleSeconds?: number;
}

/** A registered model: which contracts were accepted under its name, and its limits. */
export interface Model {
  readonly name: string;
  /** One sentence for the API documentation. */
  readonly description: string;
  /** Its name in words, where they are not simply those of `name`. */
  readonly title?: string;
  /** Implementations of the same contract, the default first; empty for a model without variants. */
  readonly variants: readonly string[];
  readonly limits: ModelLimits;
  /** Accepted contracts, oldest first: each can read everything that was written with those before it. Never empty. */
  readonly contracts: readonly AcceptedContract[];
  /** Hash of the contract that registered last; absent in rows of earlier builds: the last of `contracts`. */
  readonly registeredLast?: string;
  /** Until then (Unix ms) somebody is already waking an instance; absent or past: nobody is. */
  readonly wakingUntil?: number;
  /** Grows by one with each write; the optimistic lock of `ModelRegistry.writeModel`. */
  readonly version: number;
}

export interface AcceptedContract {
  readonly hash: string;
  readonly requestMessage: string;
  readonly responseMessage: string;
}

/** Model names are DNS- and queue-safe once `_` becomes `-`. */
const MODEL_NAME = /^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/;
export const MAX_MODEL_NAME_LENGTH = 48;

export const isModelName = (name: string): boolean => name.length <= MAX_MODEL_NAME_LENGTH && MODEL_NAME.test(name);
