import type { Contract } from './contract.ts';
import type { ContractCodec } from './contract-codec.ts';

/**
 * Loads what `loadContract` needs. Reflection is a quarter of a handler's code: loaded while the first
 * request waits for the registry, it costs a cold start no time.
 */
export const loadCodec = () => import('./contract-codec.ts');

/** The codec of a contract, as `openContract` gives it. */
export async function loadContract(contract: Contract): Promise<ContractCodec> {
  const { openContract } = await loadCodec();
  return openContract(contract);
}
