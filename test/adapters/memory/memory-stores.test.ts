import { MemoryBlobStore, MemoryContractStore, MemoryModelRegistry } from '#adapters/memory/index.ts';
import { systemClock } from '#platform/system-clock.ts';
import { blobStoreContract } from '#test/contracts/blob-store.contract.ts';
import { contractStoreContract } from '#test/contracts/contract-store.contract.ts';
import { modelRegistryContract } from '#test/contracts/model-registry.contract.ts';

const cuttingOff = (part: { reachable: boolean }) => async () => {
  part.reachable = false;
};

modelRegistryContract('memory', async () => {
  const registry = new MemoryModelRegistry(systemClock);
  return { registry, cutOff: cuttingOff(registry) };
});

contractStoreContract('memory', async () => {
  const contracts = new MemoryContractStore();
  return { contracts, cutOff: cuttingOff(contracts) };
});

blobStoreContract('memory', async () => {
  const blobs = new MemoryBlobStore();
  return { blobs, cutOff: cuttingOff(blobs) };
});
