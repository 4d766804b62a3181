import type { Contract } from '../contract.ts';
import { typesOf } from '../descriptor/type-index.ts';
import { Comparison, type ContractDifference } from './comparison.ts';
import { hasLoss } from './losses.ts';

/**
 * The reasons why `candidate` cannot replace `existing`; empty if it can. It can if every message that was encoded with
 * `existing` can be decoded with `candidate` and encoded again without losing anything that `existing` defines.
 *
 * Allowed: new fields, new enum values, new members of a oneof, other names of oneofs and nested types, new presence of
 * a field, comments. Not allowed: removing, renumbering or renaming a field or an enum value; a new field with a
 * reserved number or name; another type or cardinality; removing the presence of a field; moving a field into, out of or
 * between oneofs. The request and response messages keep their names, which distinguish a later version from an
 * unrelated contract of the same shape.
 *
 * Throws `UnreadableMessageError` for a malformed contract.
 */
export function compareContracts(existing: Contract, candidate: Contract): readonly ContractDifference[] {
  if (existing.hash === candidate.hash) return [];
  const comparison = new Comparison(typesOf(existing), typesOf(candidate));
  comparison.compareRoots('request', existing.requestMessage, candidate.requestMessage);
  comparison.compareRoots('response', existing.responseMessage, candidate.responseMessage);
  return comparison.differences;
}

/** Determines which requests of one contract an instance with another contract can read. */
export interface RequestReading {
  /** `all` and `none` hold for any bytes. */
  readonly scope: 'all' | 'none' | 'some';
  /**
   * Whether decoding with the reader's contract keeps everything that the writer's contract defines: fields at any
   * depth, enum values, oneof members, explicit defaults. True for bytes that are not a message, because no contract
   * reads them better.
   */
  reads(bytes: Uint8Array): boolean;
}

const ALL: RequestReading = { scope: 'all', reads: () => true };
const NONE: RequestReading = { scope: 'none', reads: () => false };

/**
 * Compares the request messages once. Bytes are then checked without decoding: only fields in which the contracts
 * differ are read. Throws `UnreadableMessageError` for a malformed contract.
 */
export function requestReading(writer: Contract, reader: Contract): RequestReading {
  if (writer.hash === reader.hash) return ALL;
  const comparison = new Comparison(typesOf(writer), typesOf(reader));
  const losses = comparison.compareRoots('request', writer.requestMessage, reader.requestMessage);
  if (!losses) return NONE;
  if (losses.size === 0) return ALL;
  return {
    scope: 'some',
    reads(bytes) {
      try {
        return !hasLoss(bytes, losses);
      } catch {
        return true;
      }
    },
  };
}
