import type { Contract } from '../contract.ts';
import { typesOf } from '../descriptor/type-index.ts';
import { Comparison, type ContractDifference } from './comparison.ts';
import { hasLoss } from './losses.ts';

/**
 * What keeps `candidate` from standing in for `existing`; empty when it can: every message that was encoded with
 * `existing` can be read with `candidate` and written again without losing anything that `existing` knows.
 *
 * Allowed: new fields, new enum values, new members of a oneof, other names for oneofs and nested types, a
 * field that learns to tell "not set" from its default, comments. Not allowed: removing, renumbering or renaming a field
 * or an enum value, a new field with a reserved number or name, another type or cardinality, a field that forgets the difference between
 * "not set" and its default, moves into, out of or between oneofs. The request and the response message keep
 * their names, which is what tells a later version from another contract that happens to look alike.
 *
 * Throws `UnreadableMessageError` for a contract that is malformed.
 */
export function compareContracts(existing: Contract, candidate: Contract): readonly ContractDifference[] {
  if (existing.hash === candidate.hash) return [];
  const comparison = new Comparison(typesOf(existing), typesOf(candidate));
  comparison.compareRoots('request', existing.requestMessage, candidate.requestMessage);
  comparison.compareRoots('response', existing.responseMessage, candidate.responseMessage);
  return comparison.differences;
}

/** Which requests of one contract an instance with another contract reads. */
export interface RequestReading {
  /** `all` and `none` hold whatever the bytes are. */
  readonly scope: 'all' | 'none' | 'some';
  /**
   * Whether decoding these bytes with the reader's contract loses nothing that the writer's contract defines: no
   * field at any depth, no enum value, no member of a oneof, no explicit default. True for bytes that are no
   * message: with those, no contract does better.
   */
  reads(bytes: Uint8Array): boolean;
}

const ALL: RequestReading = { scope: 'all', reads: () => true };
const NONE: RequestReading = { scope: 'none', reads: () => false };

/**
 * Compares the request messages once, so that bytes can be checked without decoding them: only the fields in which
 * the contracts differ are looked at. Throws `UnreadableMessageError` for a contract that is malformed.
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
