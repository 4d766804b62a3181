import { descriptor, protobuf } from '../protobuf.ts';

// The parts of google/protobuf/descriptor.proto that are read here, as protobufjs decodes them.
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
  readonly name: string;
  readonly field?: readonly RawField[];
  readonly nestedType?: readonly RawMessage[];
  readonly enumType?: readonly RawEnum[];
  readonly oneofDecl?: readonly { readonly name: string }[];
  readonly options?: { readonly mapEntry?: boolean };
}

export interface RawField {
  readonly name: string;
  readonly jsonName?: string;
  readonly number: number;
  readonly label?: number;
  readonly type: number;
  readonly typeName?: string;
  readonly oneofIndex?: number;
  readonly proto3Optional?: boolean;
  readonly options?: { readonly deprecated?: boolean };
}

export interface RawEnum {
  readonly name: string;
  readonly value?: readonly { readonly name: string; readonly number?: number }[];
}

export interface RawLocation {
  readonly path?: readonly number[];
  readonly leadingComments?: string;
  readonly trailingComments?: string;
}

const FILE_TAG = 10; // FileDescriptorSet has one field: `repeated FileDescriptorProto file = 1`.

/** The serialized files of a serialized set, in their order, byte for byte. Throws for bytes that are no descriptor set. */
export function splitSet(descriptorSet: Uint8Array): readonly Uint8Array[] {
  const reader = protobuf.Reader.create(descriptorSet);
  const files: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    if (reader.uint32() !== FILE_TAG) throw new TypeError('These bytes are not a FileDescriptorSet.');
    files.push(reader.bytes());
  }
  return files;
}

/** The opposite of `splitSet`. */
export function joinSet(files: readonly Uint8Array[]): Uint8Array {
  const writer = protobuf.Writer.create();
  for (const file of files) writer.uint32(FILE_TAG).bytes(file);
  return writer.finish();
}

export const decodeFile = (file: Uint8Array): RawFile =>
  descriptor.FileDescriptorProto.toObject(descriptor.FileDescriptorProto.decode(file)) as RawFile;
