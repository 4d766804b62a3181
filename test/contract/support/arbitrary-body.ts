import fc from 'fast-check';
import { INTEGER_RANGES, isInteger, isWide, MAX_FLOAT } from '#contract/codec/ranges.ts';
import type {
  EnumDescriptor,
  FieldDescriptor,
  FileDescriptor,
  MessageDescriptor,
  ScalarType,
  ValueType,
} from '#contract/descriptor/model.ts';
import { readDescriptorSet } from '#contract/descriptor/read.ts';

type Body = fc.Arbitrary<unknown>;

const text = fc.string({ unit: 'binary', maxLength: 8 });
const json = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value)) as unknown);
// JSON has no negative zero.
const double = fc.double({ noDefaultInfinity: true, noNaN: true }).map((value) => value + 0);
const float = fc.float({ noDefaultInfinity: true, noNaN: true }).map((value) => shortest(value + 0));

/** Any number of digits is a valid `float`; the shortest is the one that is written. */
const shortest = (value: number): number =>
  [6, 7, 8]
    .map((digits) => Number(value.toPrecision(digits)))
    .find((each) => Math.fround(each) === value && Math.abs(each) <= MAX_FLOAT) ?? value;

const object = (keys: fc.Arbitrary<string>, values: Body) =>
  fc.uniqueArray(fc.tuple(keys, values), { maxLength: 3, selector: ([key]) => key }).map(fromEntries);

/** Keys such as `__proto__` become members, too. */
function fromEntries(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  return JSON.parse(`{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`);
}

const WELL_KNOWN: Readonly<Record<string, Body>> = {
  Timestamp: fc
    .date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true })
    .map((date) => date.toISOString().replace('.000Z', 'Z')),
  Duration: fc.integer({ min: -315_576_000_000, max: 315_576_000_000 }).map((seconds) => `${seconds}s`),
  FieldMask: fc
    .array(fc.stringMatching(/^[a-z]{1,4}([A-Z][a-z]{1,3}){0,2}$/), { maxLength: 3 })
    .map((paths) => paths.join(',')),
  Struct: object(text, json),
  Value: json,
  ListValue: fc.array(json, { maxLength: 3 }),
  Empty: fc.constant({}),
  Any: fc.oneof(
    fc.constant({}),
    fc.record({ '@type': fc.constant('type.googleapis.com/google.protobuf.Duration'), value: fc.constant('5s') }),
    fc
      .record({ '@type': fc.constant('example.com/test.everything.Everything.Inner'), depth: fc.nat() })
      .map((any) => ({ ...any, all: [] })),
  ),
  DoubleValue: double,
  FloatValue: float,
  Int64Value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  UInt64Value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
  Int32Value: fc.integer(),
  UInt32Value: fc.nat(),
  BoolValue: fc.boolean(),
  StringValue: text,
  BytesValue: fc.uint8Array({ maxLength: 5 }).map((bytes) => Buffer.from(bytes).toString('base64')),
};

/** Valid bodies of a message exactly as `toJson` writes them, so that a round trip must give the same again. */
export class ArbitraryBodies {
  readonly #messages = new Map<string, MessageDescriptor>();
  readonly #enums = new Map<string, EnumDescriptor>();

  readonly #enumNumbers: boolean;

  /** Enum numbers without a name are valid, but no schema offers them. */
  constructor(descriptorSet: Uint8Array, { enumNumbers = true }: { readonly enumNumbers?: boolean } = {}) {
    this.#enumNumbers = enumNumbers;
    for (const file of readDescriptorSet(descriptorSet)) this.#collect(file);
  }

  of(fullName: string, depth = 2): Body {
    const wellKnown = /^google\.protobuf\.(\w+)$/.exec(fullName)?.[1];
    if (wellKnown !== undefined) return WELL_KNOWN[wellKnown] ?? fc.constant({});
    const message = this.#messages.get(fullName);
    if (!message) throw new Error(`There is no message ${fullName}.`);
    const fields = message.fields.filter((field) => field.oneof === undefined);
    const always = fields.filter((field) => !field.presence);
    const shape = Object.fromEntries(fields.map((field) => [field.name, this.#member(field, depth)]));
    const present = depth > 0 ? fields : always;
    const members = fc.record(Object.fromEntries(present.map(({ name }) => [name, shape[name] ?? fc.constant(0)])), {
      requiredKeys: always.map(({ name }) => name),
    });
    return fc
      .tuple(members, this.#choice(message, depth))
      .map(([plain, choice]) => ({ ...(plain as object), ...choice }));
  }

  #choice({ fields }: MessageDescriptor, depth: number): fc.Arbitrary<Record<string, unknown>> {
    const choices = depth > 0 ? fields.filter((field) => field.oneof !== undefined) : [];
    const each = choices.map((field) => this.#member(field, depth).map((value) => ({ [field.name]: value })));
    return fc.oneof(fc.constant({}), ...each);
  }

  #member(field: FieldDescriptor, depth: number): Body {
    const value = this.#value(field.type, depth);
    const maxLength = depth > 0 ? 2 : 0;
    if (field.cardinality === 'repeated') return fc.array(value, { maxLength });
    if (field.cardinality === 'single') return value;
    return depth > 0 ? object(keys(field.keyType ?? 'string'), value) : fc.constant({});
  }

  #value(type: ValueType, depth: number): Body {
    if (type.kind === 'scalar') return scalar(type.scalar);
    if (type.kind === 'message') return fc.constant(null).chain(() => this.of(type.typeName, depth - 1));
    if (type.typeName === 'google.protobuf.NullValue') return fc.constant(null);
    const values = this.#enums.get(type.typeName)?.values ?? [];
    const names = fc.constantFrom(...values.map(({ name }) => name));
    return this.#enumNumbers ? fc.oneof(names, fc.constant(12345)) : names;
  }

  #collect({ messages, enums }: Pick<FileDescriptor, 'messages' | 'enums'>): void {
    for (const each of enums) this.#enums.set(each.fullName, each);
    for (const each of messages) {
      this.#messages.set(each.fullName, each);
      this.#collect(each);
    }
  }
}

function keys(type: ScalarType): fc.Arbitrary<string> {
  if (type === 'bool') return fc.constantFrom('true', 'false');
  if (!isInteger(type)) return fc.oneof(text, fc.constantFrom('__proto__', 'constructor', 'toString', 'a/b~c', ''));
  const [min, max] = INTEGER_RANGES[type];
  return fc.bigInt({ min, max }).map(String);
}

function scalar(type: ScalarType): Body {
  if (type === 'bool') return fc.boolean();
  if (type === 'string') return text;
  if (type === 'bytes') return WELL_KNOWN.BytesValue ?? text;
  if (isInteger(type)) {
    const [min, max] = INTEGER_RANGES[type];
    return fc.bigInt({ min, max }).map((value) => (isWide(type) ? String(value) : Number(value)));
  }
  return fc.oneof(
    { weight: 9, arbitrary: type === 'float' ? float : double },
    fc.constantFrom('NaN', 'Infinity', '-Infinity'),
  );
}
