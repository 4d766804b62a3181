export { HeldCounts } from './held-counts.ts';
export { RabbitConnections } from './rabbit-connections.ts';
export { RabbitTaskQueue } from './rabbit-task-queue.ts';
export { RedisBlobStore } from './redis-blob-store.ts';
export { RedisContractStore } from './redis-contract-store.ts';
export { RedisLink } from './redis-link.ts';
export { RedisModelRegistry } from './redis-model-registry.ts';
export { RedisTaskStore } from './redis-task-store.ts';
