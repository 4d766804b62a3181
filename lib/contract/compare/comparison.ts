import type { EnumDescriptor, FieldDescriptor, MessageDescriptor } from '../descriptor/model.ts';
import type { TypeIndex } from '../descriptor/type-index.ts';
import { isWellKnown, losesPresence, shapeDifference } from './field-difference.ts';
import { type FieldLoss, type MessageLosses, pruneLosses } from './losses.ts';

/** One reason why one contract cannot stand in for another. */
export interface ContractDifference {
  /** Where: message and field, for example `models.model_a.ModelARequest.data`; or enum and value. */
  readonly path: string;
  /** What happened to it, for example `changed its type from string to int32`. */
  readonly message: string;
}

const MAP_VALUE = 2;

/**
 * Compares the types of two contracts, each pair once. Collects what `candidate` loses of messages that were written
 * with `existing`: as sentences for error texts, and by field number for a scan of bytes.
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

  /** Undefined when the names of the messages differ: then nothing can be read. */
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
    for (const field of existing.fields) {
      const loss = this.#compareField(field, existing, candidate);
      if (loss) losses.set(field.number, loss);
    }
    return losses;
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
    const difference = shapeDifference(field, other, existing, candidate);
    if (difference !== undefined) {
      this.#add(path, difference);
      return { field: 'always' };
    }
    const inType = this.#compareTypes(field, other);
    if (!losesPresence(field, other)) return inType;
    this.#add(path, 'no longer tells "not set" from its default');
    return { ...inType, field: 'at-default' };
  }

  #compareTypes(field: FieldDescriptor, { type: other }: FieldDescriptor): FieldLoss | undefined {
    const { type, cardinality } = field;
    let loss: FieldLoss | undefined;
    if (type.kind === 'message' && other.kind === 'message' && !isWellKnown(field)) {
      loss = { inside: this.#compareMessages(type.typeName, other.typeName) };
    } else if (type.kind === 'enum' && other.kind === 'enum') {
      const values = this.#compareEnums(type.typeName, other.typeName);
      if (values.size > 0) loss = { values };
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
      const isKnown = candidate.values.some((value) => value.number === number);
      if (!renumbered && isKnown) continue;
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
