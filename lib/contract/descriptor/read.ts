import type {
  EnumDescriptor,
  FieldDescriptor,
  FileDescriptor,
  MessageDescriptor,
  Reserved,
  ScalarType,
  ValueType,
} from './model.ts';
import { decodeFile, type RawEnum, type RawField, type RawFile, type RawMessage, splitSet } from './raw.ts';

// Field numbers of descriptor.proto, which comment paths consist of.
const FILE_MESSAGES = 4;
const FILE_ENUMS = 5;
const MESSAGE_FIELDS = 2;
const MESSAGE_MESSAGES = 3;
const MESSAGE_ENUMS = 4;
const MESSAGE_ONEOFS = 8;
const ENUM_VALUES = 2;

const REPEATED_LABEL = 3;
const GROUP_TYPE = 10;
const MESSAGE_TYPE = 11;
const ENUM_TYPE = 14;

/** FieldDescriptorProto.Type by number. Messages, groups and enums have no scalar type. */
const SCALARS: Readonly<Record<number, ScalarType>> = {
  1: 'double',
  2: 'float',
  3: 'int64',
  4: 'uint64',
  5: 'int32',
  6: 'fixed64',
  7: 'fixed32',
  8: 'bool',
  9: 'string',
  12: 'bytes',
  13: 'uint32',
  15: 'sfixed32',
  16: 'sfixed64',
  17: 'sint32',
  18: 'sint64',
};

/** All files of a serialized FileDescriptorSet, imports first. Throws for malformed bytes. */
export const readDescriptorSet = (descriptorSet: Uint8Array): readonly FileDescriptor[] =>
  splitSet(descriptorSet).map(readFile);

function readFile(bytes: Uint8Array): FileDescriptor {
  const raw = decodeFile(bytes);
  const packageName = (raw.package ?? '')
    .split('.')
    .filter((part) => part !== '')
    .map(identifier)
    .join('.');
  const commentAt = commentsOf(raw);
  return {
    path: raw.name ?? '',
    packageName,
    syntax: raw.syntax || 'proto2',
    imports: raw.dependency ?? [],
    messages: (raw.messageType ?? []).map((message, i) =>
      readMessage(message, packageName, [FILE_MESSAGES, i], commentAt),
    ),
    enums: (raw.enumType ?? []).map((each, i) => readEnum(each, packageName, [FILE_ENUMS, i], commentAt)),
    bytes,
  };
}

function readMessage(raw: RawMessage, scope: string, path: readonly number[], commentAt: CommentAt): MessageDescriptor {
  const fullName = qualify(scope, identifier(raw.name));
  const nested = (raw.nestedType ?? []).map((message, i) => ({ message, path: [...path, MESSAGE_MESSAGES, i] }));
  const entries = new Map(
    nested
      .filter(({ message }) => message.options?.mapEntry)
      .map(({ message }) => [qualify(fullName, identifier(message.name)), message] as const),
  );
  return {
    fullName,
    name: identifier(raw.name),
    comment: commentAt(path),
    fields: (raw.field ?? []).map((field, i) =>
      readField(field, raw, entries, commentAt([...path, MESSAGE_FIELDS, i])),
    ),
    oneofs: (raw.oneofDecl ?? [])
      .map(({ name }, i) => ({ name: identifier(name), comment: commentAt([...path, MESSAGE_ONEOFS, i]), index: i }))
      .filter(({ index }) => !isSynthetic(raw, index))
      .map(({ name, comment }) => ({ name, comment })),
    messages: nested
      .filter(({ message }) => !message.options?.mapEntry)
      .map((each) => readMessage(each.message, fullName, each.path, commentAt)),
    enums: (raw.enumType ?? []).map((each, i) => readEnum(each, fullName, [...path, MESSAGE_ENUMS, i], commentAt)),
    reserved: readReserved(raw, 1),
  };
}

/** `optional` is encoded as a oneof with one member. */
const isSynthetic = (message: RawMessage, oneofIndex: number): boolean =>
  (message.field ?? []).some((field) => field.oneofIndex === oneofIndex && field.proto3Optional);

function readField(
  raw: RawField,
  message: RawMessage,
  entries: ReadonlyMap<string, RawMessage>,
  comment: string,
): FieldDescriptor {
  const repeated = raw.label === REPEATED_LABEL;
  const entry = repeated && raw.typeName !== undefined ? entries.get(withoutDot(raw.typeName)) : undefined;
  const [key, value] = entry?.field ?? [];
  const oneof =
    raw.oneofIndex === undefined || raw.proto3Optional
      ? undefined
      : identifier(message.oneofDecl?.[raw.oneofIndex]?.name);
  return {
    name: identifier(raw.name),
    jsonName: raw.jsonName || identifier(raw.name),
    number: raw.number ?? 0,
    cardinality: entry ? 'map' : repeated ? 'repeated' : 'single',
    type: typeOf(value ?? raw),
    ...(key === undefined ? {} : { keyType: SCALARS[key.type ?? 0] ?? 'string' }),
    packed: raw.options?.packed,
    presence: !repeated && (raw.oneofIndex !== undefined || raw.type === MESSAGE_TYPE),
    ...(oneof === undefined ? {} : { oneof }),
    deprecated: raw.options?.deprecated ?? false,
    comment,
  };
}

function typeOf({ name, type = 0, typeName = '' }: RawField): ValueType {
  if (type === MESSAGE_TYPE) return { kind: 'message', typeName: withoutDot(typeName) };
  if (type === ENUM_TYPE) return { kind: 'enum', typeName: withoutDot(typeName) };
  const scalar = SCALARS[type];
  if (scalar === undefined || type === GROUP_TYPE)
    throw new TypeError(`Field ${name} has the unsupported type ${type}.`);
  return { kind: 'scalar', scalar };
}

const readEnum = (raw: RawEnum, scope: string, path: readonly number[], commentAt: CommentAt): EnumDescriptor => ({
  fullName: qualify(scope, identifier(raw.name)),
  name: identifier(raw.name),
  comment: commentAt(path),
  values: (raw.value ?? []).map(({ name, number = 0 }, i) => ({
    name: identifier(name),
    number,
    comment: commentAt([...path, ENUM_VALUES, i]),
  })),
  reserved: readReserved(raw, 0),
});

/** `beyond`: 1 for exclusive ends, 0 for inclusive ends. */
const readReserved = ({ reservedRange = [], reservedName = [] }: RawMessage | RawEnum, beyond: 0 | 1): Reserved => [
  ...reservedRange.map(({ start = 0, end = 0 }) =>
    end - beyond <= start ? `${start}` : `${start} to ${end - beyond}`,
  ),
  ...reservedName.map((name) => JSON.stringify(identifier(name))),
];

const qualify = (scope: string, name: string): string => (scope === '' ? name : `${scope}.${name}`);
const withoutDot = (typeName: string): string => typeName.replace(/^\./, '');

/** Descriptors come from other processes, and their names are written into generated code. */
function identifier(name = ''): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || name === '__proto__') {
    throw new TypeError(`${JSON.stringify(name)} is not a valid name.`);
  }
  return name;
}

/** Returns the comment at a descriptor path such as `[4, 0, 2, 1]` (message 0, field 1), or `""`. */
type CommentAt = (path: readonly number[]) => string;

function commentsOf(file: RawFile): CommentAt {
  const comments = new Map<string, string>();
  for (const { path = [], leadingComments, trailingComments } of file.sourceCodeInfo?.location ?? []) {
    const text = [leadingComments, trailingComments].map(tidy).filter(Boolean).join('\n');
    if (text !== '') comments.set(path.join('.'), text);
  }
  return function commentAt(path) {
    return comments.get(path.join('.')) ?? '';
  };
}

/** Keeps line breaks and removes the space after `//`. */
const tidy = (comment = ''): string =>
  comment
    .split('\n')
    .map((line) => line.replace(/^ /, '').trimEnd())
    .join('\n')
    .trim();
