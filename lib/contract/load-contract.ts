import type { Contract } from './contract.ts';
import type { ContractCodec } from './contract-codec.ts';

let codec: Promise<typeof import('./contract-codec.ts')> | undefined;

/**
 * Loads what `loadContract` needs. Reflection is a quarter of a handler's code: loaded while the first
 * request waits for the registry, it costs a cold start no time.
 */
export const loadCodec = () => {
  codec ??= import('./contract-codec.ts');
  return codec;
};

/** The codec of a contract, as `openContract` gives it. */
export async function loadContract(contract: Contract): Promise<ContractCodec> {
  const { openContract } = await loadCodec();
  return openContract(contract);
}
