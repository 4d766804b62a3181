/** Scalar types by their names in .proto files. */
export type ScalarType =
  | 'double'
  | 'float'
  | 'int64'
  | 'uint64'
  | 'int32'
  | 'fixed64'
  | 'fixed32'
  | 'bool'
  | 'string'
  | 'bytes'
  | 'uint32'
  | 'sfixed32'
  | 'sfixed64'
  | 'sint32'
  | 'sint64';

/** The type of one value. Type names are full, without a leading dot. */
export type ValueType =
  | { readonly kind: 'scalar'; readonly scalar: ScalarType }
  | { readonly kind: 'enum'; readonly typeName: string }
  | { readonly kind: 'message'; readonly typeName: string };

type Cardinality = 'single' | 'repeated' | 'map';

export interface FieldDescriptor {
  readonly name: string;
  readonly jsonName: string;
  readonly number: number;
  readonly cardinality: Cardinality;
  /** The type of the field, of an element of a repeated field, or of a map's values. */
  readonly type: ValueType;
  /** Only for maps. */
  readonly keyType?: ScalarType;
  /** Whether "not set" differs from the default: `optional`, messages, members of a oneof. */
  readonly presence: boolean;
  /** `[packed = …]`, if given. */
  readonly packed?: boolean | undefined;
  /** Undefined for the synthetic oneof of `optional`. */
  readonly oneof?: string;
  readonly deprecated: boolean;
  readonly comment: string;
}

interface OneofDescriptor {
  readonly name: string;
  readonly comment: string;
}

interface EnumValueDescriptor {
  readonly name: string;
  readonly number: number;
  readonly comment: string;
}

/** Reserved numbers and names in .proto syntax: `4`, `6 to 9`, `"old_name"`. */
export type Reserved = readonly string[];

export interface EnumDescriptor {
  readonly fullName: string;
  readonly name: string;
  readonly comment: string;
  readonly values: readonly EnumValueDescriptor[];
  readonly reserved: Reserved;
}

export interface MessageDescriptor {
  readonly fullName: string;
  readonly name: string;
  readonly comment: string;
  readonly fields: readonly FieldDescriptor[];
  readonly oneofs: readonly OneofDescriptor[];
  /** Nested messages, without the entries of map fields. */
  readonly messages: readonly MessageDescriptor[];
  readonly enums: readonly EnumDescriptor[];
  readonly reserved: Reserved;
}

/** A .proto file with its comments. */
export interface FileDescriptor {
  readonly path: string;
  readonly packageName: string;
  readonly syntax: string;
  readonly imports: readonly string[];
  readonly messages: readonly MessageDescriptor[];
  readonly enums: readonly EnumDescriptor[];
  /** The serialized FileDescriptorProto. */
  readonly bytes: Uint8Array;
}
