import { isWide } from '../codec/ranges.ts';
import type { EnumDescriptor, FieldDescriptor, MessageDescriptor, ScalarType } from '../descriptor/model.ts';
import type { TypeIndex } from '../descriptor/type-index.ts';
import { equalBytes, hashBytes } from './strings.ts';
import { LENGTH_DELIMITED, VARINT, wireTypeOf } from './wire-types.ts';

interface Entry<T> {
  readonly name: Uint8Array;
  readonly value: T;
}

/** Finds what a name stands for by the bytes of the name, without making a string of each. */
export class NameTable<T> {
  readonly #buckets: Entry<T>[][];

  /** Of a name given twice, the last value counts. */
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

/** Of `google.protobuf`. */
export type WellKnownName = (typeof WELL_KNOWN)[number];

/** What one value of a field is. */
export type ValuePlan =
  | { readonly kind: 'scalar'; readonly scalar: ScalarType }
  | { readonly kind: 'enum'; readonly enum: EnumPlan }
  | { readonly kind: 'message'; readonly message: MessagePlan };

export interface EnumPlan {
  readonly names: readonly string[];
  /** `google.protobuf.NullValue`, whose one value is null in JSON. */
  readonly isNull: boolean;
  readonly byName: NameTable<number>;
  /** The name of a number as a JSON string. */
  readonly jsonOf: ReadonlyMap<number, Uint8Array>;
}

export interface FieldPlan {
  /** Among the fields of its message. */
  readonly index: number;
  readonly name: string;
  readonly number: number;
  readonly cardinality: 'single' | 'repeated' | 'map';
  readonly value: ValuePlan;
  readonly keyType: ScalarType;
  /** Of a map, its entries: a key and a value. */
  readonly entry: MessagePlan | undefined;
  /** Whether "not set" can be told from the default. */
  readonly presence: boolean;
  readonly oneof: string | undefined;
  readonly isPacked: boolean;
  /** How its values may be laid out: a repeated field may come packed or not, whatever its declaration says. */
  readonly wireTypes: readonly number[];
  /** The name, quoted and with its colon. */
  readonly jsonKey: Uint8Array;
  /** Of a field without presence: what JSON has where the bytes have nothing. */
  readonly jsonDefault: Uint8Array;
}

export interface MessagePlan {
  readonly fullName: string;
  readonly name: string;
  /** Of the messages of google/protobuf that JSON has a form of its own for. */
  readonly wellKnown: WellKnownName | undefined;
  /** In the order of the .proto file. */
  readonly fields: readonly FieldPlan[];
  readonly byNumber: ReadonlyMap<number, FieldPlan>;
  /** By every name that JSON may use: camelCase (or `json_name`) and original. */
  readonly byJsonName: NameTable<FieldPlan>;
  /** All types of the contract, for an Any. */
  readonly types: PlanIndex;
}

/** What conversions need to know of each message of a contract, looked up once. */
export class PlanIndex {
  readonly #types: TypeIndex;
  readonly #messages = new Map<string, MessagePlan>();
  readonly #enums = new Map<string, EnumPlan>();

  /** Throws a TypeError for types that protobuf does not allow. */
  constructor(types: TypeIndex) {
    this.#types = types;
    for (const { path, syntax, messages } of types.files) {
      // The one file that may be among the imports of a proto3 file and is never part of a message.
      if (path === 'google/protobuf/descriptor.proto') continue;
      if (syntax !== 'proto3') throw new TypeError(`${path} is ${syntax}; only proto3 is supported.`);
      this.#planAll(messages);
    }
  }

  /** Undefined for a name that is no message of the contract. */
  find(fullName: string): MessagePlan | undefined {
    return this.#messages.get(fullName);
  }

  /** Throws a TypeError when there is none. */
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
    const plan = { fullName, name, wellKnown, fields, byNumber, types: this };
    const named: [string, FieldPlan][] = [];
    const whole = Object.assign(plan, { byJsonName: new NameTable<FieldPlan>([]) });
    // Before its fields are planned, because types may contain themselves.
    this.#messages.set(descriptor.fullName, whole);
    for (const each of descriptor.fields) {
      const field = this.#planField(each, fields.length);
      if (byNumber.has(field.number)) throw new TypeError(`${descriptor.fullName} has two fields ${field.number}.`);
      fields.push(field);
      byNumber.set(field.number, field);
      named.push([field.name, field], [each.jsonName, field]);
    }
    whole.byJsonName = new NameTable(named);
    return whole;
  }

  #planField(descriptor: FieldDescriptor, index: number): FieldPlan {
    const { name, number, cardinality, type, keyType = 'string', ...field } = descriptor;
    if (!(number >= 1 && number < 2 ** 29)) throw new TypeError(`The field ${name} has the number ${number}.`);
    const value = this.#planValue(type);
    const entry = cardinality === 'map' ? this.#planEntry(name, keyType, value) : undefined;
    const wireType = cardinality === 'map' ? LENGTH_DELIMITED : valueWireType(value);
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
    const fields = [entryField(0, { kind: 'scalar', scalar: keyType }), entryField(1, value)];
    const byNumber = new Map(fields.map((field) => [field.number, field]));
    const byJsonName = new NameTable<FieldPlan>([]);
    return { fullName: name, name, wellKnown: undefined, fields, byNumber, byJsonName, types: this };
  }

  #planValue(type: FieldDescriptor['type']): ValuePlan {
    if (type.kind === 'scalar') return type;
    if (type.kind === 'message') return { kind: 'message', message: this.message(type.typeName) };
    const known = this.#enums.get(type.typeName) ?? planEnum(this.#types.enum(type.typeName));
    this.#enums.set(type.typeName, known);
    return { kind: 'enum', enum: known };
  }
}

/** The key or the value of a map entry. The default of a key is quoted, as keys are. */
function entryField(index: 0 | 1, value: ValuePlan): FieldPlan {
  const text = defaultOf(value);
  const quoted = text.startsWith('"') ? text : `"${text}"`;
  return {
    ...{ index, name: index === 0 ? 'key' : 'value', number: index + 1, cardinality: 'single', value },
    ...{ keyType: 'string', entry: undefined, presence: false, oneof: undefined, isPacked: false },
    ...{ wireTypes: [valueWireType(value)], jsonKey: Buffer.from(quoted), jsonDefault: Buffer.from(text) },
  };
}

function planEnum({ fullName, values }: EnumDescriptor): EnumPlan {
  const isNull = fullName === 'google.protobuf.NullValue';
  return {
    names: values.map(({ name }) => name),
    isNull,
    byName: new NameTable(values.map(({ name, number }) => [name, number])),
    // Of several names of a number the first one is written.
    jsonOf: new Map(
      values.toReversed().map(({ name, number }) => [number, Buffer.from(isNull ? 'null' : JSON.stringify(name))]),
    ),
  };
}

/** How one value is laid out. */
export const valueWireType = (value: ValuePlan): number => {
  if (value.kind === 'scalar') return wireTypeOf(value.scalar);
  return value.kind === 'enum' ? VARINT : LENGTH_DELIMITED;
};

const isText = (type: ScalarType): boolean => type === 'string' || type === 'bytes';

function defaultOf(value: ValuePlan): string {
  if (value.kind === 'message') return 'null';
  if (value.kind === 'enum') return Buffer.from(value.enum.jsonOf.get(0) ?? '0').toString();
  if (isText(value.scalar)) return '""';
  if (value.scalar === 'bool') return 'false';
  return isWide(value.scalar) ? '"0"' : '0';
}
