import { isWide } from '../codec/ranges.ts';
import type { EnumDescriptor, FieldDescriptor, MessageDescriptor, ScalarType } from '../descriptor/model.ts';
import type { TypeIndex } from '../descriptor/type-index.ts';
import { equalBytes, hashBytes } from './strings.ts';
import { LENGTH_DELIMITED, VARINT, wireTypeOf } from './wire-types.ts';

interface Entry<T> {
  readonly name: Uint8Array;
  readonly value: T;
}

/** Looks up values by the bytes of a name, without creating a string. */
export class NameTable<T> {
  readonly #buckets: Entry<T>[][];

  /** Of duplicate names, the last value wins. */
  constructor(named: Iterable<readonly [name: string, value: T]>) {
    const entries = [...new Map(named)].map(([name, value]) => ({ name: Buffer.from(name), value }));
    let size = 4;
    while (size < 2 * entries.length) size *= 2;
    this.#buckets = Array.from({ length: size }, () => []);
    for (const entry of entries) this.#bucket(entry.name, 0, entry.name.length).push(entry);
  }

  get(bytes: Uint8Array, start: number, end: number): T | undefined {
    for (const { name, value } of this.#bucket(bytes, start, end)) {
      if (name.length === end - start && equalBytes(name, 0, bytes, start, name.length)) return value;
    }
    return undefined;
  }

  #bucket(bytes: Uint8Array, start: number, end: number): Entry<T>[] {
    return this.#buckets[hashBytes(bytes, start, end) & (this.#buckets.length - 1)] ?? [];
  }
}

const WELL_KNOWN = [
  ...(['Any', 'Timestamp', 'Duration', 'FieldMask', 'Struct', 'Value', 'ListValue'] as const),
  ...(['DoubleValue', 'FloatValue', 'Int64Value', 'UInt64Value', 'Int32Value', 'UInt32Value'] as const),
  ...(['BoolValue', 'StringValue', 'BytesValue'] as const),
] as const;

/** Types of `google.protobuf` with a special JSON form. */
export type WellKnownName = (typeof WELL_KNOWN)[number];

/** The type of one value of a field. */
export type ValuePlan = { readonly wireType: number } & (
  | { readonly kind: 'scalar'; readonly scalar: ScalarType }
  | { readonly kind: 'enum'; readonly enum: EnumPlan }
  | { readonly kind: 'message'; readonly message: MessagePlan }
);

export interface EnumPlan {
  readonly names: readonly string[];
  /** `google.protobuf.NullValue`, which is null in JSON. */
  readonly isNull: boolean;
  readonly byName: NameTable<number>;
  /** Number → name as a JSON string. */
  readonly jsonOf: ReadonlyMap<number, Uint8Array>;
}

export interface FieldPlan {
  /** Index among the fields of the message. */
  readonly index: number;
  readonly name: string;
  readonly number: number;
  readonly cardinality: 'single' | 'repeated' | 'map';
  readonly value: ValuePlan;
  readonly keyType: ScalarType;
  /** Only for maps: the entry message with key and value. */
  readonly entry: MessagePlan | undefined;
  /** Whether "not set" differs from the default. */
  readonly presence: boolean;
  readonly oneof: string | undefined;
  readonly isPacked: boolean;
  /** Valid wire types. A repeated field may be packed or not, whatever its declaration is. */
  readonly wireTypes: readonly number[];
  /** The quoted name and the colon. */
  readonly jsonKey: Uint8Array;
  /** For a field without presence: its JSON value if the bytes do not have the field. */
  readonly jsonDefault: Uint8Array;
}

export interface MessagePlan {
  readonly fullName: string;
  readonly name: string;
  /** Set for types of google/protobuf with a special JSON form. */
  readonly wellKnown: WellKnownName | undefined;
  /** In the order of the .proto file. */
  readonly fields: readonly FieldPlan[];
  readonly byNumber: ReadonlyMap<number, FieldPlan>;
  /** By all names that JSON may use: camelCase (or `json_name`) and original. */
  readonly byJsonName: NameTable<FieldPlan>;
  /** All types of the contract, for `Any`. */
  readonly types: PlanIndex;
  /** No JSON of the message is shorter. */
  readonly leastJson: number;
}

/** Caches what the conversions need of each message of a contract. */
export class PlanIndex {
  readonly #types: TypeIndex;
  readonly #messages = new Map<string, MessagePlan>();
  readonly #enums = new Map<string, EnumPlan>();

  /** Throws a TypeError for invalid types. */
  constructor(types: TypeIndex) {
    this.#types = types;
    for (const { path, syntax, messages } of types.files) {
      // May be imported by a proto3 file, but is never used in a message.
      if (path === 'google/protobuf/descriptor.proto') continue;
      if (syntax !== 'proto3') throw new TypeError(`${path} is ${syntax}; only proto3 is supported.`);
      this.#planAll(messages);
    }
  }

  /** Undefined for an unknown name. */
  find(fullName: string): MessagePlan | undefined {
    return this.#messages.get(fullName);
  }

  /** Throws a TypeError for an unknown name. */
  message(fullName: string): MessagePlan {
    return this.#messages.get(fullName) ?? this.#plan(this.#types.message(fullName));
  }

  #planAll(messages: readonly MessageDescriptor[]): void {
    for (const each of messages) {
      this.message(each.fullName);
      this.#planAll(each.messages);
    }
  }

  #plan(descriptor: MessageDescriptor): MessagePlan {
    const fields: FieldPlan[] = [];
    const byNumber = new Map<number, FieldPlan>();
    const { fullName, name } = descriptor;
    const wellKnown = WELL_KNOWN.find((each) => fullName === `google.protobuf.${each}`);
    const plan = { fullName, name, wellKnown, fields, byNumber, types: this, leastJson: 1 };
    const named: [string, FieldPlan][] = [];
    const whole = Object.assign(plan, { byJsonName: new NameTable<FieldPlan>([]) });
    // Added before its fields are planned, because types may be recursive.
    this.#messages.set(descriptor.fullName, whole);
    for (const each of descriptor.fields) {
      const field = this.#planField(each, fields.length);
      if (byNumber.has(field.number)) throw new TypeError(`${descriptor.fullName} has two fields ${field.number}.`);
      fields.push(field);
      byNumber.set(field.number, field);
      named.push([field.name, field], [each.jsonName, field]);
    }
    whole.byJsonName = new NameTable(named);
    if (!wellKnown) whole.leastJson = leastJsonOf(fields);
    return whole;
  }

  #planField(descriptor: FieldDescriptor, index: number): FieldPlan {
    const { name, number, cardinality, type, keyType = 'string', ...field } = descriptor;
    if (!(number >= 1 && number < 2 ** 29)) throw new TypeError(`The field ${name} has the number ${number}.`);
    const value = this.#planValue(type);
    const entry = cardinality === 'map' ? this.#planEntry(name, keyType, value) : undefined;
    const wireType = cardinality === 'map' ? LENGTH_DELIMITED : value.wireType;
    const isPackable = cardinality === 'repeated' && wireType !== LENGTH_DELIMITED;
    return {
      ...{ index, name, number, cardinality, value, keyType, entry },
      presence: field.presence,
      oneof: field.oneof,
      isPacked: isPackable && (field.packed ?? true),
      wireTypes: isPackable ? [wireType, LENGTH_DELIMITED] : [wireType],
      jsonKey: Buffer.from(`${JSON.stringify(name)}:`),
      jsonDefault: Buffer.from(cardinality === 'single' ? defaultOf(value) : cardinality === 'map' ? '{}' : '[]'),
    };
  }

  #planEntry(name: string, keyType: ScalarType, value: ValuePlan): MessagePlan {
    const fields = [entryField(0, planScalar(keyType)), entryField(1, value)];
    const byNumber = new Map(fields.map((field) => [field.number, field]));
    const byJsonName = new NameTable<FieldPlan>([]);
    return { fullName: name, name, wellKnown: undefined, fields, byNumber, byJsonName, types: this, leastJson: 1 };
  }

  #planValue(type: FieldDescriptor['type']): ValuePlan {
    if (type.kind === 'scalar') return planScalar(type.scalar);
    if (type.kind === 'message') {
      return { kind: 'message', wireType: LENGTH_DELIMITED, message: this.message(type.typeName) };
    }
    const known = this.#enums.get(type.typeName) ?? planEnum(this.#types.enum(type.typeName));
    this.#enums.set(type.typeName, known);
    return { kind: 'enum', wireType: VARINT, enum: known };
  }
}

/** The key or value field of a map entry. JSON quotes keys, so the default of a key is quoted. */
function entryField(index: 0 | 1, value: ValuePlan): FieldPlan {
  const text = defaultOf(value);
  const quoted = text.startsWith('"') ? text : `"${text}"`;
  return {
    ...{ index, name: index === 0 ? 'key' : 'value', number: index + 1, cardinality: 'single', value },
    ...{ keyType: 'string', entry: undefined, presence: false, oneof: undefined, isPacked: false },
    ...{ wireTypes: [value.wireType], jsonKey: Buffer.from(quoted), jsonDefault: Buffer.from(text) },
  };
}

function planEnum({ fullName, values }: EnumDescriptor): EnumPlan {
  const isNull = fullName === 'google.protobuf.NullValue';
  return {
    names: values.map(({ name }) => name),
    isNull,
    byName: new NameTable(values.map(({ name, number }) => [name, number])),
    // Of several names of a number (`allow_alias`), the first one is written.
    jsonOf: new Map(
      values.toReversed().map(({ name, number }) => [number, Buffer.from(isNull ? 'null' : JSON.stringify(name))]),
    ),
  };
}

const planScalar = (scalar: ScalarType): ValuePlan => ({ kind: 'scalar', wireType: wireTypeOf(scalar), scalar });

/** Two braces, and each field without presence with its shortest value and a comma. */
function leastJsonOf(fields: readonly FieldPlan[]): number {
  const always = fields.filter(({ presence }) => !presence);
  const sizes = always.map(({ jsonKey, cardinality, value, jsonDefault }) => {
    const isEnum = cardinality === 'single' && value.kind === 'enum';
    // A name of an enum may be shorter than its default, and `true` is shorter than `false`.
    return jsonKey.length + (isEnum ? 1 : Math.min(4, jsonDefault.length));
  });
  return 2 + sizes.reduce((sum, size) => sum + size, Math.max(0, sizes.length - 1));
}

const isText = (type: ScalarType): boolean => type === 'string' || type === 'bytes';

function defaultOf(value: ValuePlan): string {
  if (value.kind === 'message') return 'null';
  if (value.kind === 'enum') return Buffer.from(value.enum.jsonOf.get(0) ?? '0').toString();
  if (isText(value.scalar)) return '""';
  if (value.scalar === 'bool') return 'false';
  return isWide(value.scalar) ? '"0"' : '0';
}

/** For an error message. */
export function listNames({ fields }: MessagePlan): string {
  if (fields.length === 0) return 'no fields';
  const names = fields.slice(0, 20).map(({ name }) => name);
  return fields.length > 20 ? `${names.join(', ')} …` : names.join(', ');
}

/** Whether null is a value of the type. */
export const takesNull = (plan: ValuePlan): boolean =>
  plan.kind === 'enum' ? plan.enum.isNull : plan.kind === 'message' && plan.message.wellKnown === 'Value';
