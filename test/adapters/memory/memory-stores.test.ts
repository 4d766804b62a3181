import {
  MemoryBlobStore,
  MemoryCallLog,
  MemoryContractStore,
  MemoryModelRegistry,
  MemoryStatsStore,
  MemoryUsageStore,
  MemoryUserStore,
  MemoryWebhookStore,
} from '#adapters/memory/index.ts';
import { createMemoryPlatform } from '#platform/memory.ts';
import { systemClock } from '#platform/platform.ts';
import { blobStoreContract } from '#test/contracts/blob-store.contract.ts';
import { callLogContract } from '#test/contracts/call-log.contract.ts';
import { contractStoreContract } from '#test/contracts/contract-store.contract.ts';
import { modelRegistryContract } from '#test/contracts/model-registry.contract.ts';
import { statsStoreContract } from '#test/contracts/stats-store.contract.ts';
import { transferEdgeContract, transfersContract } from '#test/contracts/transfers.contract.ts';
import { usageStoreContract } from '#test/contracts/usage-store.contract.ts';
import { userStoreContract } from '#test/contracts/user-store.contract.ts';
import { webhookStoreContract } from '#test/contracts/webhook-store.contract.ts';

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

statsStoreContract('memory', async () => new MemoryStatsStore(systemClock));

blobStoreContract('memory', async () => {
  const blobs = new MemoryBlobStore();
  return { blobs, cutOff: cuttingOff(blobs) };
});

async function openTransfers() {
  const { blobs, transfers } = createMemoryPlatform();
  return { blobs, transfers, edge: transfers };
}

transfersContract('memory', openTransfers);
transferEdgeContract('memory', openTransfers);

userStoreContract('memory', async () => {
  const users = new MemoryUserStore();
  return { users, cutOff: cuttingOff(users) };
});

webhookStoreContract('memory', async () => {
  const webhooks = new MemoryWebhookStore(systemClock);
  return { webhooks, cutOff: cuttingOff(webhooks) };
});

usageStoreContract('memory', async () => {
  const usage = new MemoryUsageStore();
  return { usage, cutOff: cuttingOff(usage) };
});

callLogContract('memory', async () => {
  const calls = new MemoryCallLog(systemClock);
  return { calls, cutOff: cuttingOff(calls) };
});
