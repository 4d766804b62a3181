import { UnreadableMessageError } from '../errors.ts';
import { protobuf } from '../protobuf.ts';
import { type FieldPlan, planOf, type ValuePlan } from './plan.ts';
import { isUnsigned, isWide, toBigInt, type Wide } from './ranges.ts';

type Values = Readonly<Record<string, unknown>>;

/** A decoded message for models: a plain object with defaults, and 64-bit integers as bigint. */
export function toPlain(type: protobuf.Type, message: Values): Record<string, unknown> {
  const plain: Record<string, unknown> = {};
  for (const field of planOf(type).fields) {
    const value = Object.hasOwn(message, field.name) ? message[field.name] : undefined;
    if (field.cardinality === 'repeated') plain[field.protoName] = elements(field, value);
    else if (field.cardinality === 'map') plain[field.protoName] = entries(field, value);
    else if (value !== undefined && value !== null) plain[field.protoName] = convert(field.value, value);
    else if (!field.presence) plain[field.protoName] = field.defaultValue;
  }
  return plain;
}

function elements({ value: plan }: FieldPlan, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) return [];
  // A copy of an array of doubles would box each of them, which takes longer than their decoding.
  return isSame(plan) ? value : value.map((element) => convert(plan, element));
}

/** Whether `convert` returns its values unchanged. */
const isSame = (plan: ValuePlan): boolean =>
  plan.kind === 'enum' || (plan.kind === 'scalar' && !isWide(plan.scalar) && plan.scalar !== 'bytes');

function entries(field: FieldPlan, value: unknown): Values {
  const plain: Record<string, unknown> = {};
  for (const [key, element] of Object.entries(value ?? {})) {
    // Assigning `__proto__` would change the prototype.
    if (key === '__proto__') Object.defineProperty(plain, key, { value: convert(field.value, element), ...OWN });
    else plain[isWide(field.keyType) ? wideKey(key, field.keyType) : key] = convert(field.value, element);
  }
  return plain;
}

const OWN = { enumerable: true, configurable: true, writable: true } as const;

/** protobufjs packs 64-bit map keys into eight characters. */
const wideKey = (key: string, keyType: string): string => String(protobuf.util.longFromKey(key, isUnsigned(keyType)));

function convert(plan: ValuePlan, value: unknown): unknown {
  if (plan.kind === 'message') return toPlain(plan.type, value as Values);
  if (plan.kind === 'enum') return value;
  if (isWide(plan.scalar)) return toBigInt(value as Wide);
  if (plan.scalar === 'bytes') return view(value as Uint8Array);
  return value;
}

/** A Uint8Array also where protobufjs returns a Buffer. */
const view = ({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** Throws `UnreadableMessageError`. */
export function decodeBytes(type: protobuf.Type, bytes: Uint8Array): Record<string, unknown> {
  try {
    // A Buffer view makes protobufjs decode strings natively.
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return type.decode(view) as unknown as Record<string, unknown>;
  } catch (cause) {
    throw new UnreadableMessageError(`The bytes are not a ${type.fullName.slice(1)}.`, { cause });
  }
}

/** Expects checked values. Returns a Uint8Array instead of protobufjs' Buffer. */
export function encodeWire(type: protobuf.Type, wire: Record<string, unknown>): Uint8Array {
  const { buffer, byteOffset, byteLength } = type.encode(wire).finish();
  return new Uint8Array(buffer, byteOffset, byteLength);
}
