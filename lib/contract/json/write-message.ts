import { decodeBytes } from '../codec/bytes.ts';
import { type FieldPlan, planOf, type ValuePlan } from '../codec/plan.ts';
import { isUnsigned, isWide, MAX_FLOAT } from '../codec/ranges.ts';
import type { ScalarType } from '../descriptor/model.ts';
import { protobuf, protojson } from '../protobuf.ts';
import { typeOfUrl } from './any.ts';
import { ANY, isWellKnown } from './check-well-known.ts';

type Values = Readonly<Record<string, unknown>>;

/**
 * A decoded message as canonical proto3 JSON with original field names, where fields without presence always
 * appear. Throws for the values of well-known types that JSON has no form for, such as a time in year 10000.
 */
export function writeMessage(type: protobuf.Type, message: Values): unknown {
  if (type.fullName === ANY) return writeAny(type, message);
  if (isWrapper(type)) return writeWrapper(type, message);
  if (isWellKnown(type)) return protojson.toJson(type, message);
  return writeFields(type, message);
}

function writeFields(type: protobuf.Type, message: Values): Record<string, unknown> {
  const json: Record<string, unknown> = {};
  for (const field of planOf(type).fields) {
    const value = Object.hasOwn(message, field.name) ? message[field.name] : undefined;
    const written = writeField(field, value ?? undefined);
    if (written !== undefined) setOwn(json, field.protoName, written);
  }
  return json;
}

/** A plain assignment to `__proto__` would change the prototype instead of adding a key. */
function setOwn(json: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') json[key] = value;
  else Object.defineProperty(json, key, { value, enumerable: true, configurable: true, writable: true });
}

function writeField(field: FieldPlan, value: unknown): unknown {
  if (field.cardinality === 'repeated') return ((value ?? []) as unknown[]).map((each) => write(field.value, each));
  if (field.cardinality === 'map') return writeEntries(field, value as Values | undefined);
  if (value !== undefined) return write(field.value, value);
  return field.presence ? undefined : write(field.value, field.defaultValue);
}

function writeEntries(field: FieldPlan, value: Values = {}): Values {
  const json: Record<string, unknown> = {};
  for (const [key, element] of Object.entries(value)) {
    const name = isWide(field.keyType) ? String(protobuf.util.longFromKey(key, isUnsigned(field.keyType))) : key;
    setOwn(json, name, write(field.value, element));
  }
  return json;
}

function write(plan: ValuePlan, value: unknown): unknown {
  if (plan.kind === 'message') return writeMessage(plan.type, value as Values);
  return plan.kind === 'enum' ? writeEnum(plan.type, value as number) : writeScalar(plan.scalar, value);
}

function writeEnum(type: protobuf.Enum, value: number): string | number | null {
  if (type.fullName === '.google.protobuf.NullValue') return null;
  return type.valuesById[value] ?? value;
}

function writeScalar(type: ScalarType, value: unknown): unknown {
  if (isWide(type)) return String(value);
  if (type === 'bytes') return Buffer.from(value as Uint8Array).toString('base64');
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return type === 'float' ? shortestFloat(value as number) : value;
}

/** The number with the fewest digits that is the same `float`: 0.1 rather than 0.10000000149011612. */
function shortestFloat(value: number): number {
  for (let digits = 6; digits < 9; digits += 1) {
    const shorter = Number(value.toPrecision(digits));
    // Of the largest float, the shorter form lies just out of range.
    if (Math.fround(shorter) === value && Math.abs(shorter) <= MAX_FLOAT) return shorter;
  }
  return value;
}

const isWrapper = ({ fullName }: protobuf.Type): boolean =>
  /^\.google\.protobuf\.(?:Double|Float|U?Int(?:32|64)|Bool|String|Bytes)Value$/.test(fullName);

function writeWrapper(type: protobuf.Type, message: Values): unknown {
  const [field] = planOf(type).fields;
  return field && writeField(field, Object.hasOwn(message, field.name) ? message[field.name] : undefined);
}

function writeAny(type: protobuf.Type, message: Values): Values {
  const [url, bytes] = planOf(type).fields.map(({ name }) =>
    Object.hasOwn(message, name) ? message[name] : undefined,
  );
  if (typeof url !== 'string' || url === '') return {};
  const inner = typeOfUrl(type, url);
  if (!inner) throw new TypeError(`An Any holds the unknown type ${JSON.stringify(url)}.`);
  const json = writeMessage(inner, decodeBytes(inner, bytes instanceof Uint8Array ? bytes : new Uint8Array()));
  return isWellKnown(inner) ? { '@type': url, value: json } : { '@type': url, ...(json as Values) };
}
