import type { Contract } from './contract.ts';
import type { ContractCodec } from './contract-codec.ts';

/**
 * The codec of a contract, as `openContract` gives it. Reflection is a quarter of a handler's bundle and
 * the first thing it waits for is the registry: so it is loaded meanwhile, not before.
 */
export async function loadContract(contract: Contract): Promise<ContractCodec> {
  const { openContract } = await import('./contract-codec.ts');
  return openContract(contract);
}
