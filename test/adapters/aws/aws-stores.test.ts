import { blobStoreContract } from '#test/contracts/blob-store.contract.ts';
import { contractStoreContract } from '#test/contracts/contract-store.contract.ts';
import { modelRegistryContract } from '#test/contracts/model-registry.contract.ts';
import { useEmulatedAws } from '#test/support/emulated-aws.ts';

const aws = useEmulatedAws();

modelRegistryContract('DynamoDB', async () => {
  const registryTable = await aws.newRegistryTable();
  const { platform, cutOff } = await aws.openBehindGate({ registryTable });
  return { registry: platform.registry, cutOff };
});

contractStoreContract('DynamoDB and S3', async () => {
  const { platform, cutOff } = await aws.openBehindGate();
  return { contracts: platform.contracts, cutOff };
});

blobStoreContract('S3', async () => {
  const { platform, cutOff } = await aws.openBehindGate();
  return { blobs: platform.blobs, cutOff };
});
