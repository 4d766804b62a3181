import type { EnumDescriptor, FieldDescriptor, MessageDescriptor } from '../descriptor/model.ts';
import type { TypeIndex } from '../descriptor/type-index.ts';
import { type FieldLoss, type MessageLosses, pruneLosses } from './losses.ts';

/** A reason why one contract cannot replace another. */
export interface ContractDifference {
  /** The field or enum value, for example `models.model_a.ModelARequest.data`. */
  readonly path: string;
  /** The change, for example `changed its type from string to int32`. */
  readonly message: string;
}

const MAP_VALUE = 2;

/**
 * Compares the types of two contracts, each pair once. Collects what `candidate` loses of messages that were written
 * with `existing`: as sentences for errors, and by field number for a scan of bytes.
 */
export class Comparison {
  readonly differences: ContractDifference[] = [];
  readonly #existing: TypeIndex;
  readonly #candidate: TypeIndex;
  readonly #messages = new Map<string, MessageLosses>();
  readonly #mapEntries: MessageLosses[] = [];
  readonly #enums = new Map<string, ReadonlySet<number>>();

  constructor(existing: TypeIndex, candidate: TypeIndex) {
    this.#existing = existing;
    this.#candidate = candidate;
  }

  /** Undefined if the names of the messages differ: then nothing can be read. */
  compareRoots(side: 'request' | 'response', existing: string, candidate: string): MessageLosses | undefined {
    if (existing !== candidate) {
      this.#add(existing, `is the ${side} message, but the other one is ${candidate}`);
      return undefined;
    }
    const losses = this.#compareMessages(existing, candidate);
    pruneLosses([...this.#messages.values(), ...this.#mapEntries]);
    return losses;
  }

  #add(path: string, message: string): void {
    this.differences.push({ path, message });
  }

  #compareMessages(existingName: string, candidateName: string): MessageLosses {
    const pair = `${existingName} ${candidateName}`;
    const compared = this.#messages.get(pair);
    if (compared) return compared;
    const losses: MessageLosses = new Map();
    this.#messages.set(pair, losses);
    const existing = this.#existing.message(existingName);
    const candidate = this.#candidate.message(candidateName);
    for (const field of candidate.fields) this.#refuseReserved(field, existing);
    for (const field of existing.fields) {
      const loss = this.#compareField(field, existing, candidate);
      if (loss) losses.set(field.number, loss);
    }
    return losses;
  }

  /** A reserved number or name must not be reused: old clients and old bytes refer to the removed field. */
  #refuseReserved({ name, number }: FieldDescriptor, { fullName, reserved }: MessageDescriptor): void {
    const isReserved = reserved.some((each) => {
      const [from, to = from] = each.split(' to ');
      return each === JSON.stringify(name) || (Number(from) <= number && number <= Number(to));
    });
    if (isReserved) this.#add(`${fullName}.${name}`, `uses the number ${number} or a name that is reserved`);
  }

  #compareField(
    field: FieldDescriptor,
    existing: MessageDescriptor,
    candidate: MessageDescriptor,
  ): FieldLoss | undefined {
    const path = `${existing.fullName}.${field.name}`;
    const moved = candidate.fields.find(({ name, number }) => name === field.name && number !== field.number);
    if (moved) {
      this.#add(path, `changed its number from ${field.number} to ${moved.number}`);
      return { field: 'always' };
    }
    const other = candidate.fields.find(({ number }) => number === field.number);
    if (!other) {
      this.#add(path, `was removed (it had the number ${field.number})`);
      // Without presence, the default means the same as no field.
      return { field: field.presence || field.cardinality !== 'single' ? 'always' : 'unless-default' };
    }
    // The bytes are unchanged, but clients use the names.
    const rename = renaming(field, other);
    if (rename !== undefined) this.#add(path, rename);
    const difference = shapeDifference(field, other, existing, candidate);
    if (difference !== undefined) {
      this.#add(path, difference);
      return { field: 'always' };
    }
    const inType = this.#compareTypes(field, other);
    if (!losesPresence(field, other)) return inType;
    this.#add(path, 'no longer distinguishes "not set" from its default');
    return { ...inType, field: 'at-default' };
  }

  #compareTypes(field: FieldDescriptor, { type: other }: FieldDescriptor): FieldLoss | undefined {
    const { type, cardinality } = field;
    let loss: FieldLoss | undefined;
    if (type.kind === 'message' && other.kind === 'message' && !isWellKnown(field)) {
      loss = { inside: this.#compareMessages(type.typeName, other.typeName) };
    } else if (type.kind === 'enum' && other.kind === 'enum') {
      const values = this.#compareEnums(type.typeName, other.typeName);
      if (values.size > 0) loss = { values, isPackable: cardinality === 'repeated' };
    }
    if (cardinality !== 'map' || !loss) return loss;
    const entry: MessageLosses = new Map([[MAP_VALUE, loss]]);
    this.#mapEntries.push(entry);
    return { inside: entry };
  }

  #compareEnums(existingName: string, candidateName: string): ReadonlySet<number> {
    const pair = `${existingName} ${candidateName}`;
    const compared = this.#enums.get(pair);
    if (compared) return compared;
    const lost = this.#lostValues(this.#existing.enum(existingName), this.#candidate.enum(candidateName));
    this.#enums.set(pair, lost);
    return lost;
  }

  #lostValues(existing: EnumDescriptor, candidate: EnumDescriptor): ReadonlySet<number> {
    const lost = new Set<number>();
    for (const { name, number } of existing.values) {
      const path = `${existing.fullName}.${name}`;
      const renumbered = candidate.values.find((value) => value.name === name && value.number !== number);
      const known = candidate.values.filter((value) => value.number === number);
      if (!renumbered && known[0]) {
        const isNamed = known.some((value) => value.name === name);
        if (!isNamed) this.#add(path, `was renamed to ${known[0].name}, and clients see its name`);
        continue;
      }
      lost.add(number);
      this.#add(
        path,
        renumbered
          ? `changed its number from ${number} to ${renumbered.number}`
          : `was removed (it had the number ${number})`,
      );
    }
    return lost;
  }
}

function renaming(field: FieldDescriptor, other: FieldDescriptor): string | undefined {
  if (field.name !== other.name) return `was renamed to ${other.name}, and clients see its name`;
  if (field.jsonName !== other.jsonName) return `changed its name in JSON from ${field.jsonName} to ${other.jsonName}`;
  return undefined;
}

/** The difference of two fields of the same number, without their nested types; undefined if there is none. */
function shapeDifference(
  field: FieldDescriptor,
  other: FieldDescriptor,
  existing: MessageDescriptor,
  candidate: MessageDescriptor,
): string | undefined {
  const isSame =
    field.type.kind === other.type.kind && field.cardinality === other.cardinality && scalars(field) === scalars(other);
  if (!isSame) return `changed its type from ${describeType(field)} to ${describeType(other)}`;
  // Message types with equal bytes can have different JSON forms.
  if (isWellKnown(field) || isWellKnown(other)) {
    const [before, after] = [typeNameOf(field), typeNameOf(other)];
    if (before !== after) return `changed its type from ${before} to ${after}`;
  }
  return oneofDifference(field, other, existing, candidate);
}

/** Whether only the other field does not distinguish "not set" from the default. */
const losesPresence = (field: FieldDescriptor, other: FieldDescriptor): boolean => field.presence && !other.presence;

const isWellKnown = ({ type }: FieldDescriptor): boolean =>
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
