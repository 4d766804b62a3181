import type { FieldDescriptor, MessageDescriptor } from '../descriptor/model.ts';

/** How two fields of the same number differ in shape, without looking into their types; undefined when they do not. */
export function shapeDifference(
  field: FieldDescriptor,
  other: FieldDescriptor,
  existing: MessageDescriptor,
  candidate: MessageDescriptor,
): string | undefined {
  const isSame =
    field.type.kind === other.type.kind && field.cardinality === other.cardinality && scalars(field) === scalars(other);
  if (!isSame) return `changed its type from ${describeType(field)} to ${describeType(other)}`;
  // Two message types may look alike on the wire and still have different forms in JSON.
  if (isWellKnown(field) || isWellKnown(other)) {
    const [before, after] = [typeNameOf(field), typeNameOf(other)];
    if (before !== after) return `changed its type from ${before} to ${after}`;
  }
  return oneofDifference(field, other, existing, candidate);
}

/** Whether the other field cannot tell "not set" from its default, although this one can. */
export const losesPresence = (field: FieldDescriptor, other: FieldDescriptor): boolean =>
  field.presence && !other.presence;

export const isWellKnown = ({ type }: FieldDescriptor): boolean =>
  type.kind === 'message' && type.typeName.startsWith('google.protobuf.');

const typeNameOf = ({ type }: FieldDescriptor): string => (type.kind === 'scalar' ? type.scalar : type.typeName);

const scalars = ({ type, keyType }: FieldDescriptor): string =>
  `${keyType ?? ''} ${type.kind === 'scalar' ? type.scalar : ''}`;

function describeType(field: FieldDescriptor): string {
  const value = typeNameOf(field);
  if (field.cardinality === 'map') return `map<${field.keyType}, ${value}>`;
  return field.cardinality === 'repeated' ? `repeated ${value}` : value;
}

/**
 * Whether the field moved into, out of or between oneofs. A oneof is identified by its members: it may get another
 * name and more members, but the existing members must stay together, without other existing fields.
 */
function oneofDifference(
  field: FieldDescriptor,
  other: FieldDescriptor,
  existing: MessageDescriptor,
  candidate: MessageDescriptor,
): string | undefined {
  if (field.oneof === undefined && other.oneof === undefined) return undefined;
  if (field.oneof === undefined) return `moved into the oneof ${other.oneof}`;
  if (other.oneof === undefined) return `moved out of the oneof ${field.oneof}`;
  const known = new Set(existing.fields.map(({ number }) => number));
  const before = membersOf(existing, field.oneof);
  const after = membersOf(candidate, other.oneof).filter((number) => known.has(number));
  // A removed member is reported as a removed field.
  const kept = before.filter((number) => candidate.fields.some((each) => each.number === number));
  return kept.join() === after.join() ? undefined : `shares the oneof ${other.oneof} with other fields than before`;
}

const membersOf = ({ fields }: MessageDescriptor, oneof: string): readonly number[] =>
  fields
    .filter((field) => field.oneof === oneof)
    .map(({ number }) => number)
    .sort((a, b) => a - b);
