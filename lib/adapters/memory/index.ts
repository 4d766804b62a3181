export { MemoryCallLog } from './calls/memory-call-log.ts';
export { MemoryTaskQueue } from './queue/memory-task-queue.ts';
export { MemoryContractStore, MemoryModelRegistry } from './registry/memory-model-registry.ts';
export { MemoryStatsStore } from './stats/memory-stats-store.ts';
export { MemoryBlobStore, MemoryTaskStore } from './tasks/memory-task-store.ts';
export { MemoryUsageStore } from './users/memory-usage-store.ts';
export { MemoryUserStore } from './users/memory-user-store.ts';
export { MemoryWebhookStore } from './webhooks/memory-webhook-store.ts';
