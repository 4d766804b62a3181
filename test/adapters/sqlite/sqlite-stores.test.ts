import { blobStoreContract } from '#test/contracts/blob-store.contract.ts';
import { callLogContract } from '#test/contracts/call-log.contract.ts';
import { contractStoreContract } from '#test/contracts/contract-store.contract.ts';
import { modelRegistryContract } from '#test/contracts/model-registry.contract.ts';
import { statsStoreContract } from '#test/contracts/stats-store.contract.ts';
import { taskStoreContract } from '#test/contracts/task-store.contract.ts';
import { transferEdgeContract, transfersContract } from '#test/contracts/transfers.contract.ts';
import { usageStoreContract } from '#test/contracts/usage-store.contract.ts';
import { userStoreContract } from '#test/contracts/user-store.contract.ts';
import { webhookStoreContract } from '#test/contracts/webhook-store.contract.ts';
import { useDataFolders } from '#test/support/data-folder.ts';

const folders = useDataFolders();

/** A platform of its own folder; a closed one reaches its database as little as one whose disk has gone. */
async function open() {
  const platform = await folders.open();
  return { platform, cutOff: () => platform.close() };
}

taskStoreContract('SQLite', async () => {
  const { platform, cutOff } = await open();
  return { store: platform.tasks, cutOff };
});

modelRegistryContract('SQLite', async () => {
  const { platform, cutOff } = await open();
  return { registry: platform.registry, cutOff };
});

contractStoreContract('SQLite', async () => {
  const { platform, cutOff } = await open();
  return { contracts: platform.contracts, cutOff };
});

statsStoreContract('SQLite', async () => (await open()).platform.stats);

blobStoreContract('SQLite', async () => {
  const { platform, cutOff } = await open();
  return { blobs: platform.blobs, cutOff };
});

async function openTransfers() {
  const { blobs, transfers, transferEdge } = (await open()).platform;
  if (!transferEdge) throw new Error('There is no edge.');
  return { blobs, transfers, edge: transferEdge };
}

transfersContract('SQLite', openTransfers);
transferEdgeContract('SQLite', openTransfers);

userStoreContract('SQLite', async () => {
  const { platform, cutOff } = await open();
  return { users: platform.users, cutOff };
});

usageStoreContract('SQLite', async () => {
  const { platform, cutOff } = await open();
  return { usage: platform.usage, cutOff };
});

callLogContract('SQLite', async () => {
  const { platform, cutOff } = await open();
  return { calls: platform.calls, cutOff };
});

webhookStoreContract('SQLite', async () => {
  const { platform, cutOff } = await open();
  return { webhooks: platform.webhooks, cutOff };
});
