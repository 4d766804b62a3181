import {
  type FieldRule,
  flag,
  isRecord,
  isVersionedName,
  MAX_CONTRACT_VERSION,
  MODEL_LIMITS,
  type ModelLimits,
  modelName,
  oneOf,
  TEXT_RULES,
  whole,
} from '#core';
import { container, tensors } from './check-sources.ts';
import { type Batching, DEFAULTS, identified, type ModelManifest } from './manifest.ts';

const BATCHING_RULES: Record<keyof Batching, FieldRule> = { maxSize: whole(1, 1000), maxWaitMs: whole(0, 60_000) };

const batching: FieldRule = (value) => {
  if (!isRecord(value)) return 'an object with maxSize and maxWaitMs';
  for (const [name, rule] of Object.entries(BATCHING_RULES)) {
    const must = rule(value[name]);
    if (must) return `an object whose ${name} is ${must}`;
  }
  const unknown = Object.keys(value).find((name) => !Object.hasOwn(BATCHING_RULES, name));
  return unknown === undefined ? undefined : `without the unknown field ${unknown}`;
};

const REQUIRED = 'required';

/** The rule and the default of one manifest field. */
interface FieldDefinition {
  readonly rule: FieldRule;
  readonly default?: unknown;
  /** For the docs: the behavior of a field without a default. */
  readonly otherwise?: string;
}

/** Every field of a manifest, limits included. A field without a definition does not compile. */
export const MANIFEST_FIELDS: Readonly<Record<keyof ModelManifest, FieldDefinition>> = {
  name: { rule: modelName, otherwise: REQUIRED },
  version: { rule: whole(1, MAX_CONTRACT_VERSION), default: 1 },
  description: { rule: TEXT_RULES.description, otherwise: REQUIRED },
  title: { rule: TEXT_RULES.title, otherwise: 'the words of `name`' },
  // A model without variants leaves the field out.
  variants: {
    rule: (value) => TEXT_RULES.variants(Array.isArray(value) && value.length === 0 ? undefined : value),
    otherwise: 'none',
  },
  slots: { rule: whole(1, 1000), default: DEFAULTS.slots },
  batching: { rule: batching, otherwise: 'one request per run' },
  localInstances: { rule: whole(0, 64), default: DEFAULTS.localInstances },
  versioned: { rule: flag, otherwise: 'its weights are part of it' },
  tensors: { rule: tensors, otherwise: 'names are equal' },
  container: { rule: container, otherwise: 'none' },
  cpu: { rule: oneOf(256, 512, 1024, 2048, 4096, 8192, 16384), default: DEFAULTS.cpu },
  memoryMiB: { rule: whole(512, 122_880), default: DEFAULTS.memoryMiB },
  ...(MODEL_LIMITS satisfies Record<keyof ModelLimits, FieldDefinition>),
};

/** The error of a manifest as one clause. Undefined for a valid manifest. */
export function manifestFault(manifest: unknown, folderName: string): string | undefined {
  if (!isRecord(manifest)) return 'exports no manifest';
  for (const [field, { rule, otherwise }] of Object.entries(MANIFEST_FIELDS)) {
    if (manifest[field] === undefined && otherwise !== REQUIRED) continue;
    const must = rule(manifest[field]);
    if (must) return `${field} must be ${must}, not ${JSON.stringify(manifest[field])}`;
  }
  const unknown = Object.keys(manifest).find((field) => !Object.hasOwn(MANIFEST_FIELDS, field));
  if (unknown !== undefined) return unknownField(unknown);
  const memory = fargateMemoryFault(manifest);
  if (memory) return `memoryMiB must be ${memory} with this cpu, not ${manifest.memoryMiB ?? DEFAULTS.memoryMiB}`;
  return nameFault(manifest as unknown as ModelManifest, folderName);
}

/** The folder of another contract version than 1 is named after both. */
function nameFault(manifest: ModelManifest, folderName: string): string | undefined {
  const { name, version = 1 } = manifest;
  if (isVersionedName(name))
    return `name must not end with ${name.slice(name.lastIndexOf('_'))}: use the field version`;
  const wanted = identified(manifest).name;
  if (version > 1 && wanted !== folderName) return `its folder must be named ${wanted}, not ${folderName}`;
  return wanted === folderName ? undefined : `name must be that of its folder, ${folderName}, not ${name}`;
}

function unknownField(name: string): string {
  const distances = Object.keys(MANIFEST_FIELDS).map((known) => ({ known, edits: editsBetween(name, known) }));
  const [nearest] = distances.sort((one, other) => one.edits - other.edits);
  const hint = nearest && nearest.edits <= name.length / 2 ? `; did you mean ${nearest.known}?` : '';
  return `there is no field ${name} in a manifest${hint}`;
}

/** Levenshtein distance, ignoring case. */
function editsBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, i) => i);
  for (const letter of one.toLowerCase()) {
    const next = [(row[0] ?? 0) + 1];
    for (let i = 1; i <= other.length; i++) {
      const replaced = (row[i - 1] ?? 0) + (letter === other[i - 1]?.toLowerCase() ? 0 : 1);
      next.push(Math.min(replaced, (row[i] ?? 0) + 1, (next[i - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

/** Memory in MiB that Fargate offers per CPU units: minimum, maximum, step. */
const MEMORY: Readonly<Record<number, readonly [least: number, most: number, step: number]>> = {
  512: [1024, 4096, 1024],
  1024: [2048, 8192, 1024],
  2048: [4096, 16_384, 1024],
  4096: [8192, 30_720, 1024],
  8192: [16_384, 61_440, 4096],
  16384: [32_768, 122_880, 8192],
};
/** Memory in MiB for 256 CPU units. */
const SMALLEST = [512, 1024, 2048];

/** Completes "memoryMiB must be …". Undefined for a supported combination. */
function fargateMemoryFault(size: Pick<ModelManifest, 'cpu' | 'memoryMiB'>): string | undefined {
  const { cpu = DEFAULTS.cpu, memoryMiB = DEFAULTS.memoryMiB } = size;
  const [least, most, step] = MEMORY[cpu] ?? [];
  if (least === undefined || most === undefined || step === undefined) {
    return SMALLEST.includes(memoryMiB) ? undefined : `one of ${SMALLEST.join(', ')}`;
  }
  const fits = memoryMiB >= least && memoryMiB <= most && memoryMiB % step === 0;
  return fits ? undefined : `a multiple of ${step} from ${least} to ${most}`;
}
