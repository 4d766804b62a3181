import { type Contract, embeddedFile, messageType } from '#contract';
import type { FieldDescriptor, MessageDescriptor } from '#contract/descriptor/model.ts';
import { type TypeIndex, typesOf } from '#contract/descriptor/type-index.ts';

type Plain = Readonly<Record<string, unknown>>;

/** The request message of a contract as models see it. */
export const requestType = ({ descriptorSet, requestMessage }: Contract) =>
  messageType<Plain>(embeddedFile(Buffer.from(descriptorSet).toString('base64')), requestMessage);

/**
 * Whether the reader's decoded request says all that the writer's says. Decides from decoded values, where the code
 * under test decides from bytes.
 */
export function isLossless(writer: Contract, reader: Contract, bytes: Uint8Array): boolean {
  const types = { writer: typesOf(writer), reader: typesOf(reader) };
  const root = [types.writer.message(writer.requestMessage), types.reader.message(reader.requestMessage)] as const;
  return isSame(types, root, [requestType(writer).decode(bytes), requestType(reader).decode(bytes)]);
}

interface Types {
  readonly writer: TypeIndex;
  readonly reader: TypeIndex;
}

const isSame = (
  types: Types,
  [writer, reader]: readonly [MessageDescriptor, MessageDescriptor],
  [written, read]: readonly [Plain, Plain],
): boolean =>
  writer.fields.every((field) => {
    const value = written[field.name];
    const other = reader.fields.find(({ number }) => number === field.number);
    if (value === undefined) return other === undefined || isNothing(read[other.name]);
    if (!other) return !field.presence && isNothing(value);
    if (field.presence && !other.presence && isNothing(value)) return false;
    // For a reader that learned presence, "not set" is what the default was.
    if (!field.presence && isNothing(value)) return isNothing(read[other.name]);
    return sameField(types, [field, other], [value, read[other.name]]);
  });

/** Not set, or the default of a field without presence. */
const isNothing = (value: unknown): boolean =>
  value === undefined ||
  value === '' ||
  value === 0n ||
  value === false ||
  Object.is(value, 0) ||
  (value instanceof Uint8Array && value.length === 0) ||
  (Array.isArray(value) && value.length === 0) ||
  (isPlain(value) && Object.keys(value).length === 0);

const isPlain = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);

function sameField(
  types: Types,
  [field, other]: readonly [FieldDescriptor, FieldDescriptor],
  [value, read]: readonly [unknown, unknown],
): boolean {
  const same = (one: unknown, another: unknown) => sameValue(types, [field, other], [one, another]);
  if (field.cardinality === 'repeated') {
    return (
      Array.isArray(value) &&
      Array.isArray(read) &&
      value.length === read.length &&
      value.every((each, i) => same(each, read[i]))
    );
  }
  if (field.cardinality === 'single') return same(value, read);
  if (!isPlain(value) || !isPlain(read)) return false;
  const keys = Object.keys(value);
  return (
    keys.length === Object.keys(read).length &&
    keys.every((key) => Object.hasOwn(read, key) && same(value[key], read[key]))
  );
}

function sameValue(
  types: Types,
  [{ type }, { type: other }]: readonly [FieldDescriptor, FieldDescriptor],
  [value, read]: readonly [unknown, unknown],
): boolean {
  if (type.kind === 'message' && other.kind === 'message') {
    if (!isPlain(value) || !isPlain(read)) return false;
    return isSame(types, [types.writer.message(type.typeName), types.reader.message(other.typeName)], [value, read]);
  }
  if (value instanceof Uint8Array) return read instanceof Uint8Array && Buffer.compare(value, read) === 0;
  if (!Object.is(value, read)) return false;
  if (type.kind !== 'enum' || other.kind !== 'enum') return type.kind === other.kind;
  const has = (index: TypeIndex, name: string) => index.enum(name).values.some(({ number }) => number === value);
  return !has(types.writer, type.typeName) || has(types.reader, other.typeName);
}
