import fc from 'fast-check';
import descriptor from 'protobufjs/ext/descriptor.js';
import type { Contract } from '#contract';
import { joinSet } from '#contract/descriptor/raw.ts';
import { contractFrom } from './compile-proto.ts';

export const SCALARS = [
  'double',
  'float',
  'int64',
  'uint64',
  'int32',
  'fixed64',
  'fixed32',
  'bool',
  'string',
  'bytes',
  'uint32',
  'sfixed32',
  'sfixed64',
  'sint32',
  'sint64',
] as const;
const TYPE_NUMBERS: Readonly<Record<string, number>> = {
  double: 1,
  float: 2,
  int64: 3,
  uint64: 4,
  int32: 5,
  fixed64: 6,
  fixed32: 7,
  bool: 8,
  string: 9,
  bytes: 12,
  uint32: 13,
  sfixed32: 15,
  sfixed64: 16,
  sint32: 17,
  sint64: 18,
  Child: 11,
  Root: 11,
  Kind: 14,
};

/** A field in few words. `Child`, `Root` and `Kind` are the two messages and the enum of the schema. */
export interface Field {
  readonly name: string;
  readonly number: number;
  readonly type: (typeof SCALARS)[number] | 'Child' | 'Root' | 'Kind';
  readonly shape: 'single' | 'optional' | 'repeated' | 'map' | 'choice';
}

/** A small .proto file with messages `Root` and `Child` and an enum `Kind`. */
export interface Schema {
  readonly root: readonly Field[];
  readonly child: readonly Field[];
  readonly kind: readonly { readonly name: string; readonly number: number }[];
  readonly childName: string;
  readonly oneofName: string;
}

const field = fc.record({
  type: fc.oneof(fc.constantFrom(...SCALARS), fc.constantFrom('Child' as const, 'Root' as const, 'Kind' as const)),
  shape: fc.constantFrom(
    'single' as const,
    'optional' as const,
    'repeated' as const,
    'map' as const,
    'choice' as const,
  ),
});

const fields = (prefix: string) =>
  fc
    .array(field, { minLength: 1, maxLength: 6 })
    .map((list) => list.map((each, i): Field => ({ ...each, name: `${prefix}_${i}`, number: i + 1 })));

export const anySchema: fc.Arbitrary<Schema> = fc.record({
  root: fields('root'),
  child: fields('child'),
  kind: fc
    .uniqueArray(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 })
    .map((numbers) => [0, ...numbers].map((number) => ({ name: `KIND_${number}`, number }))),
  childName: fc.constant('Child'),
  oneofName: fc.constant('choice'),
});

/** The contract whose request and response are the schema's `Root`. */
export function contractOfSchema(schema: Schema): Contract {
  const file = {
    name: 'schema.proto',
    package: 'test',
    syntax: 'proto3',
    messageType: [message('Root', schema.root, schema), message(schema.childName, schema.child, schema)],
    enumType: [{ name: 'Kind', value: schema.kind }],
  };
  const bytes = descriptor.FileDescriptorProto.encode(descriptor.FileDescriptorProto.fromObject(file)).finish();
  return contractFrom(new Uint8Array(joinSet([bytes])), 'test.Root');
}

function message(name: string, list: readonly Field[], schema: Schema): object {
  const hasChoice = list.some(({ shape }) => shape === 'choice');
  const optionals = list.filter(({ shape, type }) => shape === 'optional' && !isMessage(type));
  const oneofs = [...(hasChoice ? [schema.oneofName] : []), ...optionals.map((each) => `_${each.name}`)];
  return {
    name,
    field: list.map((each) => ({
      name: each.name,
      jsonName: each.name,
      number: each.number,
      label: each.shape === 'repeated' || each.shape === 'map' ? 3 : 1,
      ...(each.shape === 'map' ? { type: 11, typeName: `.test.${name}.${entryName(each)}` } : typeOf(each, schema)),
      ...(each.shape === 'choice' ? { oneofIndex: 0 } : {}),
      ...(optionals.includes(each) ? { oneofIndex: oneofs.indexOf(`_${each.name}`), proto3Optional: true } : {}),
    })),
    oneofDecl: oneofs.map((oneof) => ({ name: oneof })),
    nestedType: list
      .filter(({ shape }) => shape === 'map')
      .map((each) => ({
        name: entryName(each),
        field: [
          { name: 'key', number: 1, label: 1, type: TYPE_NUMBERS.string },
          { name: 'value', number: 2, label: 1, ...typeOf(each, schema) },
        ],
        options: { mapEntry: true },
      })),
  };
}

const isMessage = (type: Field['type']): boolean => type === 'Child' || type === 'Root';
const entryName = ({ name }: Field): string => `${name}Entry`;

const typeOf = ({ type }: Field, { childName }: Schema): object => ({
  type: TYPE_NUMBERS[type],
  ...(['Child', 'Root', 'Kind'].includes(type) ? { typeName: `.test.${type === 'Child' ? childName : type}` } : {}),
});
