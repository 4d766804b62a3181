import protobuf from 'protobufjs/minimal.js';

// The parts of descriptor.proto that are read here. Decoded by hand, because reflection of descriptor.proto takes too
// long at a cold start.
export interface RawFile {
  readonly name?: string;
  readonly package?: string;
  readonly syntax?: string;
  readonly dependency?: readonly string[];
  readonly messageType?: readonly RawMessage[];
  readonly enumType?: readonly RawEnum[];
  readonly sourceCodeInfo?: { readonly location?: readonly RawLocation[] };
}

export interface RawMessage {
  readonly name?: string;
  readonly field?: readonly RawField[];
  readonly nestedType?: readonly RawMessage[];
  readonly enumType?: readonly RawEnum[];
  readonly oneofDecl?: readonly { readonly name?: string }[];
  /** With exclusive ends. */
  readonly reservedRange?: readonly RawRange[];
  readonly reservedName?: readonly string[];
  readonly options?: { readonly mapEntry?: boolean };
}

export interface RawField {
  readonly name?: string;
  readonly jsonName?: string;
  readonly number?: number;
  readonly label?: number;
  readonly type?: number;
  readonly typeName?: string;
  readonly oneofIndex?: number;
  readonly proto3Optional?: boolean;
  readonly options?: { readonly deprecated?: boolean; readonly packed?: boolean };
}

export interface RawEnum {
  readonly name?: string;
  readonly value?: readonly { readonly name?: string; readonly number?: number }[];
  /** With inclusive ends. */
  readonly reservedRange?: readonly RawRange[];
  readonly reservedName?: readonly string[];
}

interface RawRange {
  readonly start?: number;
  readonly end?: number;
}

interface RawLocation {
  readonly path?: readonly number[];
  readonly leadingComments?: string;
  readonly trailingComments?: string;
}

type Kind = 'string' | 'int32' | 'bool' | 'int32s' | Layout;

/** Field number → property, type, and whether it is repeated. */
interface Layout {
  readonly [number: number]: readonly [property: string, kind: Kind, many?: 'many'];
}

const ENUM_VALUE: Layout = { 1: ['name', 'string'], 2: ['number', 'int32'] };
const RANGE: Layout = { 1: ['start', 'int32'], 2: ['end', 'int32'] };
const ENUM: Layout = {
  1: ['name', 'string'],
  2: ['value', ENUM_VALUE, 'many'],
  4: ['reservedRange', RANGE, 'many'],
  5: ['reservedName', 'string', 'many'],
};
const FIELD: Layout = {
  1: ['name', 'string'],
  3: ['number', 'int32'],
  4: ['label', 'int32'],
  5: ['type', 'int32'],
  6: ['typeName', 'string'],
  8: ['options', { 2: ['packed', 'bool'], 3: ['deprecated', 'bool'] }],
  9: ['oneofIndex', 'int32'],
  10: ['jsonName', 'string'],
  17: ['proto3Optional', 'bool'],
};
const MESSAGE: Record<number, Layout[number]> = {
  1: ['name', 'string'],
  2: ['field', FIELD, 'many'],
  4: ['enumType', ENUM, 'many'],
  7: ['options', { 7: ['mapEntry', 'bool'] }],
  8: ['oneofDecl', { 1: ['name', 'string'] }, 'many'],
  9: ['reservedRange', RANGE, 'many'],
  10: ['reservedName', 'string', 'many'],
};
MESSAGE[3] = ['nestedType', MESSAGE, 'many'];
const LOCATION: Layout = { 1: ['path', 'int32s'], 3: ['leadingComments', 'string'], 4: ['trailingComments', 'string'] };
const FILE: Layout = {
  1: ['name', 'string'],
  2: ['package', 'string'],
  3: ['dependency', 'string', 'many'],
  4: ['messageType', MESSAGE, 'many'],
  5: ['enumType', ENUM, 'many'],
  9: ['sourceCodeInfo', { 1: ['location', LOCATION, 'many'] }],
  12: ['syntax', 'string'],
};

const MAX_NESTING = 32; // The nesting limit of protoc.

/** Throws for malformed bytes. */
export const decodeFile = (file: Uint8Array): RawFile => readAs(FILE, protobuf.Reader.create(file), file.length, 0);

function readAs(layout: Layout, reader: protobuf.Reader, end: number, depth: number): Record<string, unknown> {
  if (depth > MAX_NESTING) throw new TypeError('The descriptor is nested too deeply.');
  if (end > reader.len) throw new TypeError('The descriptor ends too early.');
  const message: Record<string, unknown> = {};
  while (reader.pos < end) {
    const tag = reader.uint32();
    const [property, kind, many] = layout[tag >>> 3] ?? [];
    if (property === undefined || kind === undefined) reader.skipType(tag & 7);
    else if (kind === 'int32s') message[property] = readInts(reader, tag, (message[property] ?? []) as number[]);
    else {
      const value =
        typeof kind === 'string' ? reader[kind]() : readAs(kind, reader, reader.uint32() + reader.pos, depth + 1);
      if (!many) message[property] = value;
      else {
        const values = (message[property] ?? []) as unknown[];
        values.push(value);
        message[property] = values;
      }
    }
  }
  return message;
}

function readInts(reader: protobuf.Reader, tag: number, ints: number[]): number[] {
  const end = (tag & 7) === 2 ? reader.uint32() + reader.pos : reader.pos + 1;
  while (reader.pos < end) ints.push(reader.int32());
  return ints;
}

const FILE_TAG = 10; // FileDescriptorSet has one field: `repeated FileDescriptorProto file = 1`.

/** The serialized files of a serialized set, in order. Throws for malformed bytes. */
export function splitSet(descriptorSet: Uint8Array): readonly Uint8Array[] {
  const reader = protobuf.Reader.create(descriptorSet);
  const files: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    if (reader.uint32() !== FILE_TAG) throw new TypeError('These bytes are not a FileDescriptorSet.');
    files.push(reader.bytes());
  }
  return files;
}

/** The inverse of `splitSet`. */
export function joinSet(files: readonly Uint8Array[]): Uint8Array {
  const writer = protobuf.Writer.create();
  for (const file of files) writer.uint32(FILE_TAG).bytes(file);
  return writer.finish();
}
