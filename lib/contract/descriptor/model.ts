/** Scalar types by the names they have in a .proto file. */
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

/** What one value of a field is. Type names are full, without a leading dot. */
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
  /** Of the field, of one element of a repeated field, or of the values of a map. */
  readonly type: ValueType;
  /** Only for maps. */
  readonly keyType?: ScalarType;
  /** Whether "not set" can be told from the default: `optional`, messages, members of a oneof. */
  readonly presence: boolean;
  /** `[packed = …]`, when it was given. */
  readonly packed?: boolean | undefined;
  /** The oneof it is a member of; absent for the one that `optional` stands for. */
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

/** Numbers and names that may not be used again, as a .proto file writes them: `4`, `6 to 9`, `"old_name"`. */
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
  /** Declared inside this one; entries of map fields are left out. */
  readonly messages: readonly MessageDescriptor[];
  readonly enums: readonly EnumDescriptor[];
  readonly reserved: Reserved;
}

/** One .proto file as its descriptor tells it, comments included. */
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
