import { TASK_QUEUE } from '#adapters/aws/resources.ts';
import { type Batching, DEFAULT_SIZE, type ModelManifest } from '#catalog/manifest.ts';
import { isModelName, MAX_MODEL_NAME_LENGTH } from '#core';
import { fargateMemoryFault } from './fargate-memory.ts';

/** Completes "… must be". Undefined for a valid value. */
type Rule = (value: unknown) => string | undefined;

const whole =
  (from: number, to: number): Rule =>
  (value) =>
    Number.isInteger(value) && Number(value) >= from && Number(value) <= to
      ? undefined
      : `a whole number from ${from} to ${to}`;

const oneOf =
  (...allowed: readonly number[]): Rule =>
  (value) =>
    allowed.includes(Number(value)) && typeof value === 'number' ? undefined : `one of ${allowed.join(', ')}`;

const flag: Rule = (value) => (typeof value === 'boolean' ? undefined : 'true or false');

const sentence: Rule = (value) =>
  typeof value === 'string' && /^\S[^\r\n]{0,499}$/.test(value) ? undefined : 'one line of text';

const variants: Rule = (value) => {
  const valid =
    Array.isArray(value) &&
    value.length > 0 &&
    new Set(value).size === value.length &&
    value.every((name) => typeof name === 'string' && /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/.test(name));
  return valid ? undefined : 'a list of different names of letters, digits and ._-';
};

const BATCHING_RULES: Record<keyof Batching, Rule> = { maxSize: whole(1, 1000), maxWaitMs: whole(0, 60_000) };

const batching: Rule = (value) => {
  if (!isRecord(value)) return 'an object with maxSize and maxWaitMs';
  for (const [name, rule] of Object.entries(BATCHING_RULES)) {
    const expected = rule(value[name]);
    if (expected) return `an object whose ${name} is ${expected}`;
  }
  const unknown = Object.keys(value).find((name) => !Object.hasOwn(BATCHING_RULES, name));
  return unknown === undefined ? undefined : `without the unknown field ${unknown}`;
};

/** A manifest field without a rule does not compile. */
const RULES: Record<keyof ModelManifest, Rule> = {
  name: (value) =>
    typeof value === 'string' && isModelName(value)
      ? undefined
      : `lower-case snake_case of at most ${MAX_MODEL_NAME_LENGTH} characters`,
  description: sentence,
  title: sentence,
  variants,
  slots: whole(1, 1000),
  batching,
  localInstances: whole(0, 64),
  cpu: oneOf(256, 512, 1024, 2048, 4096, 8192, 16384),
  memoryMiB: whole(512, 122_880),
  // Below the queue's own limit, which is a safety net.
  maxAttempts: whole(1, TASK_QUEUE.maxReceives - 1),
  timeoutSeconds: whole(1, 43_200),
  maxInstances: whole(1, 1000),
  maxBacklog: whole(1, 1_000_000_000),
  acceptWhenAsleep: flag,
  idleSeconds: whole(1, 604_800),
};

const REQUIRED: ReadonlySet<string> = new Set<keyof ModelManifest>(['name', 'description']);

/** The error of a manifest as one clause. Undefined for a valid manifest. */
export function manifestFault(manifest: unknown, folderName: string): string | undefined {
  if (!isRecord(manifest)) return 'exports no manifest';
  for (const [field, rule] of Object.entries(RULES)) {
    if (manifest[field] === undefined && !REQUIRED.has(field)) continue;
    const expected = rule(manifest[field]);
    if (expected) return `${field} must be ${expected}, not ${JSON.stringify(manifest[field])}`;
  }
  const unknown = Object.keys(manifest).find((field) => !Object.hasOwn(RULES, field));
  if (unknown !== undefined) return `there is no field ${unknown} in a manifest`;
  const memory = fargateMemoryFault(manifest);
  if (memory) return `memoryMiB must be ${memory} beside its cpu, not ${manifest.memoryMiB ?? DEFAULT_SIZE.memoryMiB}`;
  if (manifest.name !== folderName) return `name must be that of its folder, ${folderName}, not ${manifest.name}`;
  return undefined;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
