import {
  type FieldFault,
  type FieldRule,
  type FieldRules,
  faultOf,
  finite,
  isRecord,
  optional,
  textLike,
  wholeFrom,
} from '../field-rules.ts';
import type { Deployment } from '../lifecycle/rollout/pointers.ts';
import { type ModelLimits, storedManifestFault } from './model-manifest.ts';

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
  /** When the instance started that registered another description or contract last, in Unix milliseconds. */
  readonly describedAt?: number;
  /** The versions that instances of a versioned model serve. Absent before the first deployment. */
  readonly deployment?: Deployment;
  /** The contract version that the bare name means, on the row of version 1. @default 1 */
  readonly defaultVersion?: number;
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

export const modelName: FieldRule = (value) =>
  typeof value === 'string' && isModelName(value)
    ? undefined
    : `lower-case snake_case of at most ${MAX_MODEL_NAME_LENGTH} characters`;

const hash = textLike(/^.+$/, 128, 'a hash');
const messageName = textLike(/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/, 500, 'the full name of a message');

const CONTRACT_RULES: FieldRules<AcceptedContract> = {
  hash,
  requestMessage: messageName,
  responseMessage: messageName,
};

/** The first invalid name of a contract. Undefined for valid ones. */
export const contractFault = (contract: unknown): FieldFault | undefined =>
  faultOf(contract, CONTRACT_RULES, 'contract');

const ROW_RULES: FieldRules<
  Pick<
    Model,
    | 'name'
    | 'contracts'
    | 'registeredLast'
    | 'describedAt'
    | 'deployment'
    | 'defaultVersion'
    | 'wakingUntil'
    | 'version'
  >
> = {
  name: modelName,
  contracts: (value) =>
    Array.isArray(value) && value.length > 0 && value.every((each) => contractFault(each) === undefined)
      ? undefined
      : 'a list of contracts',
  registeredLast: optional(hash),
  describedAt: optional(finite),
  deployment: optional((value) =>
    isRecord(value) && typeof value.version === 'string' && typeof value.artifact === 'string'
      ? undefined
      : 'a version and its artifact',
  ),
  defaultVersion: optional(wholeFrom(1)),
  wakingUntil: optional(finite),
  version: wholeFrom(1),
};

/** For values read from a registry. */
export const isModel = (value: unknown): value is Model =>
  isRecord(value) && faultOf(value, ROW_RULES, 'model') === undefined && storedManifestFault(value) === undefined;
