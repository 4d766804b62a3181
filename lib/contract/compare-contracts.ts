import { Comparison } from './compare/comparison.ts';
import type { ContractDifference } from './compare/difference.ts';
import type { Contract } from './contract.ts';
import { typesOf } from './descriptor/type-index.ts';

/**
 * What keeps `candidate` from standing in for `existing`; empty when it can: every message that was encoded with
 * `existing` can be read with `candidate` and written again without losing anything that `existing` knows.
 *
 * Allowed: new fields, new enum values, new members of a oneof, other names for fields, enum values, oneofs and
 * nested types, a field that learns to tell "not set" from its default, comments. Not allowed: removing or
 * renumbering a field or an enum value, another type or cardinality, a field that forgets the difference between
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
