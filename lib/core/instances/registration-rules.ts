import {
  type FieldFault,
  type FieldRule,
  type FieldRules,
  faultOf,
  finite,
  isRecord,
  notNegative,
  optional,
  textLike,
  wholeFrom,
} from '../field-rules.ts';
import {
  type AcceptedContract,
  isModelName,
  MAX_MODEL_NAME_LENGTH,
  type Model,
  type ModelLimits,
} from '../models/model.ts';
import { INSTANCE_STATES, type Instance, MODEL_CONDITIONS } from './instance.ts';

const modelName: FieldRule = (value) =>
  typeof value === 'string' && isModelName(value)
    ? undefined
    : `lower-case snake_case of at most ${MAX_MODEL_NAME_LENGTH} characters`;

/** Ids are parts of paths and keys. */
const instanceId = textLike(/^[A-Za-z0-9][\w.:-]*$/, 128, 'at most 128 letters, digits and ._:-');
const variantName = textLike(/^[A-Za-z0-9][\w.-]*$/, 64, 'at most 64 letters, digits and ._-');
const line = textLike(/^[^\r\n]*$/, 1000, 'one line of text');
const anyText = textLike(/^/, 2000, 'a text');
const hash = textLike(/^.+$/, 128, 'a hash');
const messageName = textLike(/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/, 500, 'the full name of a message');

const state: FieldRule = (value) =>
  INSTANCE_STATES.some((known) => known === value) ? undefined : `one of ${INSTANCE_STATES.join(', ')}`;

const condition: FieldRule = (value) =>
  MODEL_CONDITIONS.some((known) => known === value) ? undefined : `one of ${MODEL_CONDITIONS.join(', ')}`;

const flag: FieldRule = (value) => (typeof value === 'boolean' ? undefined : 'true or false');

const listOf =
  (rule: FieldRule, what: string): FieldRule =>
  (value) =>
    Array.isArray(value) && new Set(value).size === value.length && value.every((item) => rule(item) === undefined)
      ? undefined
      : what;

/** The registry sets the times. */
const ANNOUNCED_RULES: FieldRules<Omit<Instance, 'contractHash' | 'heartbeatAt' | 'expiresAt'>> = {
  id: instanceId,
  model: modelName,
  variant: optional(variantName),
  state,
  condition: optional(condition),
  slots: wholeFrom(1),
  inFlight: wholeFrom(0),
  serviceMs: optional(notNegative),
  oldestTaskAt: optional(finite),
  endpoint: anyText,
  image: anyText,
  runtimeVersion: anyText,
  startedAt: finite,
};

const INSTANCE_RULES: FieldRules<Instance> = {
  ...ANNOUNCED_RULES,
  contractHash: hash,
  heartbeatAt: finite,
  expiresAt: finite,
};

const LIMIT_RULES: FieldRules<ModelLimits> = {
  maxAttempts: wholeFrom(1),
  timeoutSeconds: notNegative,
  maxInstances: wholeFrom(0),
  maxBacklog: optional(wholeFrom(0)),
  acceptWhenAsleep: flag,
  idleSeconds: optional(notNegative),
};

const MANIFEST_RULES: FieldRules<Pick<Model, 'description' | 'title' | 'variants'>> = {
  description: line,
  title: optional(line),
  variants: listOf(variantName, 'a list of different names of letters, digits and ._-'),
};

const CONTRACT_RULES: FieldRules<AcceptedContract> = {
  hash,
  requestMessage: messageName,
  responseMessage: messageName,
};

/** The first invalid field of an instance. Undefined for a valid one. */
export const announcementFault = (instance: unknown): FieldFault | undefined =>
  faultOf(instance, ANNOUNCED_RULES, 'instance');

/** The first invalid field of the manifest's part. Undefined for a valid one. */
export const manifestFault = (manifest: unknown): FieldFault | undefined =>
  faultOf(manifest, MANIFEST_RULES, 'manifest') ??
  (isRecord(manifest) ? faultOf(manifest.limits, LIMIT_RULES, 'manifest.limits') : undefined);

/** The first invalid name of a contract. Undefined for valid ones. */
export const contractFault = (contract: unknown): FieldFault | undefined =>
  faultOf(contract, CONTRACT_RULES, 'contract');

/** For values read from a registry, which other programs may have written. */
export const isInstance = (value: unknown): value is Instance =>
  faultOf(value, INSTANCE_RULES, 'instance') === undefined;

/** For values read from a registry. */
export function isModel(value: unknown): value is Model {
  if (!isRecord(value) || modelName(value.name) !== undefined || wholeFrom(1)(value.version) !== undefined) {
    return false;
  }
  const { contracts, registeredLast, wakingUntil } = value;
  if (!Array.isArray(contracts) || contracts.length === 0 || optional(finite)(wakingUntil) !== undefined) return false;
  if (optional(hash)(registeredLast) !== undefined) return false;
  return manifestFault(value) === undefined && contracts.every((contract) => contractFault(contract) === undefined);
}
