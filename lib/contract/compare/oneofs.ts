import type { FieldDescriptor, MessageDescriptor } from '../descriptor/model.ts';

/**
 * Whether the field moved into, out of or between oneofs. A oneof is known by its members: it may have another
 * name and more members, but the old members must be together as before, and with no others of the old fields.
 */
export function oneofDifference(
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
  // Members that were removed are a difference of their own.
  const kept = before.filter((number) => candidate.fields.some((each) => each.number === number));
  return kept.join() === after.join() ? undefined : `shares the oneof ${other.oneof} with other fields than before`;
}

const membersOf = ({ fields }: MessageDescriptor, oneof: string): readonly number[] =>
  fields
    .filter((field) => field.oneof === oneof)
    .map(({ number }) => number)
    .sort((a, b) => a - b);
