import type { Contract } from '#contract';
import { ModelyardError } from '../errors.ts';
import type { ContractStore } from '../models/model-registry.ts';
import type { BlobStore } from './blob-store.ts';
import { loadPayload } from './store-payload.ts';
import type { Task } from './task.ts';

/** An encoded response message, and the contract that reads it. */
export interface EncodedResult {
  readonly contract: Contract;
  readonly bytes: Uint8Array;
}

/** The result of a task that has one; undefined otherwise. Rejects with `store_unavailable`. */
export async function readResult(
  { blobs, contracts }: { readonly blobs: BlobStore; readonly contracts: ContractStore },
  { result }: Pick<Task, 'result'>,
): Promise<EncodedResult | undefined> {
  if (!result) return undefined;
  const [bytes, contract] = await Promise.all([loadPayload(blobs, result.payload), contracts.get(result.contractHash)]);
  if (!contract) throw new ModelyardError('store_unavailable', 'The contract of this result is no longer kept.');
  return { contract, bytes };
}
