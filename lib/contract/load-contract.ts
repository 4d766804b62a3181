import type { Contract } from './contract.ts';
import type { ContractCodec } from './contract-codec.ts';

let codec: Promise<typeof import('./contract-codec.ts')> | undefined;

/**
 * Imports reflection, a quarter of a handler's code. Called while the first request waits for the registry, it does not
 * lengthen a cold start.
 */
export const loadCodec = () => {
  codec ??= import('./contract-codec.ts');
  return codec;
};

/** Like `openContract`, but imports the codec on demand. */
export async function loadContract(contract: Contract): Promise<ContractCodec> {
  const { openContract } = await loadCodec();
  return openContract(contract);
}
