import { describe, it } from 'vitest';
import { blobStoreContract } from '#test/contracts/blob-store.contract.ts';
import { contractStoreContract } from '#test/contracts/contract-store.contract.ts';
import { modelRegistryContract } from '#test/contracts/model-registry.contract.ts';
import { predictionLogContract } from '#test/contracts/prediction-log.contract.ts';
import { statsStoreContract } from '#test/contracts/stats-store.contract.ts';
import { taskStoreContract } from '#test/contracts/task-store.contract.ts';
import { transferEdgeContract, transfersContract } from '#test/contracts/transfers.contract.ts';
import { webhookStoreContract } from '#test/contracts/webhook-store.contract.ts';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { aPrefix, useRabbitRedis } from '#test/support/rabbit-redis.ts';

const SUITE = 'Store contracts on Redis';
const brokers = findBrokers(SUITE);

if (!brokers) describe(SUITE, () => it.todo('runs where redis-server and rabbitmq-server are installed'));
else {
  const servers = useRabbitRedis(brokers);
  const open = () => servers.openBehindGate({ prefix: aPrefix() });

  taskStoreContract('Redis', async () => {
    const { platform, cutOff } = await open();
    return { store: platform.tasks, cutOff };
  });

  modelRegistryContract('Redis', async () => {
    const { platform, cutOff } = await open();
    return { registry: platform.registry, cutOff };
  });

  contractStoreContract('Redis', async () => {
    const { platform, cutOff } = await open();
    return { contracts: platform.contracts, cutOff };
  });

  predictionLogContract('RabbitMQ and Redis', async () => servers.open({ prefix: aPrefix() }));

  statsStoreContract('Redis', async () => (await open()).platform.stats);

  blobStoreContract('Redis', async () => {
    const { platform, cutOff } = await open();
    return { blobs: platform.blobs, cutOff };
  });

  const openTransfers = async () => {
    const { blobs, transfers, transferEdge } = (await open()).platform;
    if (!transferEdge) throw new Error('There is no edge.');
    return { blobs, transfers, edge: transferEdge };
  };
  transfersContract('Redis', openTransfers);
  transferEdgeContract('Redis', openTransfers);

  webhookStoreContract('Redis', async () => {
    const { platform, cutOff } = await open();
    return { webhooks: platform.webhooks, cutOff };
  });
}
