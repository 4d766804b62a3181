import { describe, it } from 'vitest';
import { provision } from '#local/provision.ts';
import { createMemoryPlatform } from '#platform/memory.ts';
import { repeatedBatchesContract } from '#test/contracts/repeated-batches.contract.ts';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { useDataFolders } from '#test/support/data-folder.ts';
import { useEmulatedAws } from '#test/support/emulated-aws.ts';
import { aPrefix, useRabbitRedis } from '#test/support/rabbit-redis.ts';

const folders = useDataFolders();
const aws = useEmulatedAws();
const SUITE = 'Repeated batches on RabbitMQ + Redis';
const brokers = findBrokers(SUITE);

repeatedBatchesContract('memory', async () => createMemoryPlatform());
repeatedBatchesContract('sqlite', () => folders.open());
repeatedBatchesContract('aws', async () => {
  await provision(aws.settings, ['model_b']);
  return aws.open();
});
if (brokers) {
  const servers = useRabbitRedis(brokers);
  repeatedBatchesContract('rabbit-redis', async () => servers.open({ prefix: aPrefix() }));
} else describe(SUITE, () => it.todo('runs where redis-server and rabbitmq-server are installed'));
