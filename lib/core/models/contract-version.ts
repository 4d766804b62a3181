import type { FieldRule } from '../field-rules.ts';
import { isModelName } from './model.ts';

/**
 * Each contract version of a model is a model of its own to registry, queues, services and idempotency keys. Only URLs
 * and answers join them: `churn@2` there is `churn_v2` here. Version 1 has the bare name.
 */
export interface ContractVersion {
  /** The name that all versions share. */
  readonly model: string;
  readonly version: number;
}

export const MAX_CONTRACT_VERSION = 999;

const OWN_NAME = /^(.+)_v([1-9]\d{0,2})$/;
const ADDRESS = /^([^@]+)@([1-9]\d{0,2})$/;

/** The name in registry, queues and services. */
export const versionedName = ({ model, version }: ContractVersion): string =>
  version === 1 ? model : `${model}_v${version}`;

/** The opposite of `versionedName`. */
export function contractVersionOf(name: string): ContractVersion {
  const [, model, version] = OWN_NAME.exec(name) ?? [];
  return model === undefined ? { model: name, version: 1 } : { model, version: Number(version) };
}

/** Whether a name means a contract version, so that no manifest may have it. */
export const isVersionedName = (name: string): boolean => OWN_NAME.test(name);

/** The name in answers: `churn`, `churn@2`. */
export function publicName(name: string): string {
  const { model, version } = contractVersionOf(name);
  return version === 1 ? model : `${model}@${version}`;
}

/** The address of exactly this version, whichever the default one is: `churn@1`. */
export function exactAddress(name: string): string {
  const { model, version } = contractVersionOf(name);
  return `${model}@${version}`;
}

/** The parts of a name in a URL; without a version for a bare one. Undefined for what cannot be a model. */
export function parseAddress(address: string): { readonly model: string; readonly version?: number } | undefined {
  const [, model, version] = ADDRESS.exec(address) ?? [];
  const name = model ?? address;
  if (!isModelName(name) || isVersionedName(name)) return undefined;
  return version === undefined ? { model: name } : { model: name, version: Number(version) };
}

/** For names in queries: `churn`, `churn@2`. */
export const modelAddress: FieldRule = (value) =>
  typeof value === 'string' && parseAddress(value) ? undefined : 'a name like churn or churn@2';

/** Whether a name in a URL can mean this model: a bare one means every version. */
export function isAddressOf(address: string, name: string): boolean {
  const asked = parseAddress(address);
  const { model, version } = contractVersionOf(name);
  return asked?.model === model && (asked.version ?? version) === version;
}
