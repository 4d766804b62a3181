import { MAX_DEPTH } from '../json/shape.ts';
import type { protobuf } from '../protobuf.ts';
import { type FieldPlan, planOf, type ValuePlan } from './plan.ts';
import { checkKey, toScalar } from './scalars.ts';

type Values = Record<string, unknown>;

/**
 * The inverse of `toPlain`, with checks: protobufjs would truncate, round or drop values. Throws a TypeError that names
 * the field.
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
  return toScalar(plan.kind === 'enum' ? 'int32' : plan.scalar, value, path);
}
