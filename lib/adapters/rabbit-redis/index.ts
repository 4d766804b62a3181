export { HeldCounts } from './queue/held-counts.ts';
export { RabbitConnections } from './queue/rabbit-connections.ts';
export { RabbitTaskQueue } from './queue/rabbit-task-queue.ts';
export { queuesOf } from './queue/rabbit-topology.ts';
export { RedisClockReader } from './redis-clock.ts';
export { RedisLink } from './redis-link.ts';
export { RedisContractStore, RedisModelRegistry } from './registry/redis-model-registry.ts';
export { RedisBlobStore } from './tasks/redis-blob-store.ts';
export { RedisTaskStore } from './tasks/redis-task-store.ts';
