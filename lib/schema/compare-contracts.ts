import type { Contract } from './contract.ts';

/** One reason why two contracts cannot read each other's messages. */
export interface ContractDifference {
  /** Where: message and field, for example `models.model_a.ModelARequest.data`. */
  readonly path: string;
  readonly message: string;
}

/** What keeps `candidate` from standing in for `existing`; empty when it can. Only identical contracts can, for now. */
export function compareContracts(existing: Contract, candidate: Contract): readonly ContractDifference[] {
  if (existing.hash === candidate.hash) return [];
  return [{ path: candidate.requestMessage, message: 'it is defined differently' }];
}
