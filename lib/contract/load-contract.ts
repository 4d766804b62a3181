import type { Contract } from './contract.ts';
import type { ContractCodec } from './contract-codec.ts';

let codec: Promise<typeof import('./contract-codec.ts')> | undefined;

/**
 * Loads reflection, a quarter of a handler's code. Started while the first request waits for the registry, it does not
 * lengthen a cold start.
 */
export const loadCodec = () => {
  codec ??= import('./contract-codec.ts');
  return codec;
};

/** As `openContract`, loaded on demand. */
export async function loadContract(contract: Contract): Promise<ContractCodec> {
  const { openContract } = await loadCodec();
  return openContract(contract);
}
