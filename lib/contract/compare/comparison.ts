import type { EnumDescriptor, FieldDescriptor, MessageDescriptor } from '../descriptor/model.ts';
import type { TypeIndex } from '../descriptor/type-index.ts';
import type { ContractDifference } from './difference.ts';
import { oneofDifference } from './oneofs.ts';

/** Walks through the types of two contracts side by side, each pair once, and collects what is incompatible. */
export class Comparison {
  readonly differences: ContractDifference[] = [];
  readonly #existing: TypeIndex;
  readonly #candidate: TypeIndex;
  readonly #compared = new Set<string>();

  constructor(existing: TypeIndex, candidate: TypeIndex) {
    this.#existing = existing;
    this.#candidate = candidate;
  }

  compareRoots(side: 'request' | 'response', existing: string, candidate: string): void {
    if (existing !== candidate) this.#add(existing, `is the ${side} message, but the other one is ${candidate}`);
    else this.#compareMessages(existing, candidate);
  }

  #add(path: string, message: string): void {
    this.differences.push({ path, message });
  }

  #isNew(existing: string, candidate: string): boolean {
    const pair = `${existing} ${candidate}`;
    if (this.#compared.has(pair)) return false;
    this.#compared.add(pair);
    return true;
  }

  #compareMessages(existingName: string, candidateName: string): void {
    if (!this.#isNew(existingName, candidateName)) return;
    const existing = this.#existing.message(existingName);
    const candidate = this.#candidate.message(candidateName);
    for (const field of existing.fields) this.#compareField(field, existing, candidate);
  }

  #compareField(field: FieldDescriptor, existing: MessageDescriptor, candidate: MessageDescriptor): void {
    const path = `${existing.fullName}.${field.name}`;
    const moved = candidate.fields.find(({ name, number }) => name === field.name && number !== field.number);
    const other = candidate.fields.find(({ number }) => number === field.number);
    if (moved) this.#add(path, `changed its number from ${field.number} to ${moved.number}`);
    else if (!other) this.#add(path, `was removed (it had the number ${field.number})`);
    else {
      const difference = shapeDifference(field, other) ?? oneofDifference(field, other, existing, candidate);
      if (difference === undefined) this.#compareTypes(field, other, path);
      else this.#add(path, difference);
    }
  }

  #compareTypes({ type }: FieldDescriptor, { type: other }: FieldDescriptor, path: string): void {
    if (type.kind === 'message' && other.kind === 'message') {
      const wellKnown = isWellKnown(type.typeName) || isWellKnown(other.typeName);
      // Alike on the wire may still be another form in JSON.
      if (!wellKnown) this.#compareMessages(type.typeName, other.typeName);
      else if (type.typeName !== other.typeName) {
        this.#add(path, `changed its type from ${type.typeName} to ${other.typeName}`);
      }
    } else if (type.kind === 'enum' && other.kind === 'enum' && this.#isNew(type.typeName, other.typeName)) {
      this.#compareEnums(this.#existing.enum(type.typeName), this.#candidate.enum(other.typeName));
    }
  }

  #compareEnums(existing: EnumDescriptor, candidate: EnumDescriptor): void {
    for (const { name, number } of existing.values) {
      const path = `${existing.fullName}.${name}`;
      const renumbered = candidate.values.find((value) => value.name === name && value.number !== number);
      if (renumbered) this.#add(path, `changed its number from ${number} to ${renumbered.number}`);
      else if (!candidate.values.some((value) => value.number === number)) {
        this.#add(path, `was removed (it had the number ${number})`);
      }
    }
  }
}

const isWellKnown = (typeName: string): boolean => typeName.startsWith('google.protobuf.');

/** How the fields differ in themselves, without looking into their types. */
function shapeDifference(field: FieldDescriptor, other: FieldDescriptor): string | undefined {
  const [before, after] = [describeType(field), describeType(other)];
  if (
    field.type.kind !== other.type.kind ||
    field.cardinality !== other.cardinality ||
    scalars(field) !== scalars(other)
  ) {
    return `changed its type from ${before} to ${after}`;
  }
  if (field.presence && !other.presence) return 'no longer tells "not set" from its default';
  return undefined;
}

const scalars = ({ type, keyType }: FieldDescriptor): string =>
  `${keyType ?? ''} ${type.kind === 'scalar' ? type.scalar : ''}`;

function describeType({ cardinality, keyType, type }: FieldDescriptor): string {
  const value = type.kind === 'scalar' ? type.scalar : type.typeName;
  if (cardinality === 'map') return `map<${keyType}, ${value}>`;
  return cardinality === 'repeated' ? `repeated ${value}` : value;
}
