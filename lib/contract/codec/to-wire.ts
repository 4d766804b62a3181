import type { ScalarType } from '../descriptor/model.ts';
import { MAX_DEPTH } from '../json/wire-types.ts';
import type { protobuf } from '../protobuf.ts';
import { type FieldPlan, planOf, type ValuePlan } from './plan.ts';
import { INTEGER_RANGES, isInteger, isUnsigned, isWide, MAX_FLOAT, toWide } from './ranges.ts';

type Values = Record<string, unknown>;

/**
 * The inverse of `toPlain`. Validates values, which protobufjs would truncate, round or drop. Throws a TypeError with
 * the field name.
 */
export function toWire(type: protobuf.Type, message: unknown, path: string, depth = 0): Values {
  if (depth > MAX_DEPTH) throw new TypeError(`${path} is nested more than ${MAX_DEPTH} messages deep.`);
  if (typeof message !== 'object' || message === null || Array.isArray(message)) {
    throw new TypeError(`${path} must be an object.`);
  }
  const plan = planOf(type);
  const wire: Values = {};
  const taken = new Map<string, string>();
  for (const [name, value] of Object.entries(message)) {
    if (value === undefined) continue;
    const field = plan.byName.get(name);
    if (!field) throw new TypeError(`${path} has no field ${name}.`);
    if (field.oneof !== undefined) claim(taken, field.oneof, `${path}.${name}`);
    wire[field.name] = convertField(field, value, `${path}.${name}`, depth);
  }
  return wire;
}

function claim(taken: Map<string, string>, oneof: string, path: string): void {
  const other = taken.get(oneof);
  if (other !== undefined) throw new TypeError(`${other} and ${path} exclude each other.`);
  taken.set(oneof, path);
}

function convertField(field: FieldPlan, value: unknown, path: string, depth: number): unknown {
  if (field.cardinality === 'single') return convert(field.value, value, path, depth);
  if (field.cardinality === 'repeated') return convertElements(field.value, value, path, depth);
  return convertEntries(field, value, path, depth);
}

function convertElements(plan: ValuePlan, value: unknown, path: string, depth: number): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError(`${path} must be an array.`);
  return value.map((element, i) => convert(plan, element, `${path}[${i}]`, depth));
}

function convertEntries(field: FieldPlan, value: unknown, path: string, depth: number): Values {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TypeError(`${path} must be an object.`);
  }
  const wire: Values = Object.create(null);
  for (const [key, element] of Object.entries(value)) {
    checkKey(field.keyType, key, path);
    wire[key] = convert(field.value, element, `${path}[${JSON.stringify(key)}]`, depth);
  }
  return wire;
}

function convert(plan: ValuePlan, value: unknown, path: string, depth: number): unknown {
  if (plan.kind === 'message') return toWire(plan.type, value, path, depth + 1);
  if (plan.kind === 'enum')
    return toScalar('int32', typeof value === 'string' ? numberOf(plan, value, path) : value, path);
  return toScalar(plan.scalar, value, path);
}

function numberOf({ type }: { readonly type: protobuf.Enum }, name: string, path: string): number {
  const number = Object.hasOwn(type.values, name) ? type.values[name] : undefined;
  if (number === undefined)
    throw new TypeError(`${path} must be a value of ${type.name}, not ${JSON.stringify(name)}.`);
  return number;
}

/** Checks a value and converts it for protobufjs. Throws a TypeError. */
function toScalar(type: ScalarType, value: unknown, path: string): unknown {
  if (isInteger(type)) {
    if (!fitsInteger(type, value))
      throw new TypeError(`${path} must be ${isWide(type) ? 'a bigint' : 'an integer'} that fits ${type}.`);
    return typeof value === 'bigint' ? toWide(value, isUnsigned(type)) : value;
  }
  const expected = EXPECTED[type as keyof typeof EXPECTED];
  if (!expected.accepts(value)) throw new TypeError(`${path} must be ${expected.name}.`);
  return value;
}

function fitsInteger(type: keyof typeof INTEGER_RANGES, value: unknown): boolean {
  const [min, max] = INTEGER_RANGES[type];
  if (isWide(type)) return typeof value === 'bigint' && value >= min && value <= max;
  return Number.isInteger(value) && Number(value) >= Number(min) && Number(value) <= Number(max);
}

const EXPECTED = {
  double: { name: 'a number', accepts: (value: unknown) => typeof value === 'number' },
  float: {
    name: 'a number that fits float',
    accepts: (value: unknown) => typeof value === 'number' && !(Number.isFinite(value) && Math.abs(value) > MAX_FLOAT),
  },
  bool: { name: 'a boolean', accepts: (value: unknown) => typeof value === 'boolean' },
  string: {
    name: 'a string of whole Unicode characters',
    accepts: (value: unknown) => typeof value === 'string' && value.isWellFormed(),
  },
  bytes: { name: 'a Uint8Array', accepts: (value: unknown) => value instanceof Uint8Array },
} as const satisfies Partial<Record<ScalarType, { name: string; accepts: (value: unknown) => boolean }>>;

const DECIMAL = /^(?:0|-?[1-9][0-9]*)$/;

/** Throws a TypeError for a property name that is not a valid map key. */
function checkKey(keyType: ScalarType, key: string, path: string): void {
  const fits = isInteger(keyType)
    ? DECIMAL.test(key) && BigInt(key) >= INTEGER_RANGES[keyType][0] && BigInt(key) <= INTEGER_RANGES[keyType][1]
    : keyType === 'bool'
      ? key === 'true' || key === 'false'
      : key.isWellFormed();
  if (!fits) throw new TypeError(`${path} has the key ${JSON.stringify(key)}, which is not a valid ${keyType}.`);
}
