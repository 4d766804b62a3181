export { MemoryCallLog } from './calls/memory-call-log.ts';
export { MemoryTaskQueue } from './queue/memory-task-queue.ts';
export { MemoryContractStore } from './registry/memory-contract-store.ts';
export { MemoryModelRegistry } from './registry/memory-model-registry.ts';
export { MemoryBlobStore } from './tasks/memory-blob-store.ts';
export { MemoryTaskStore } from './tasks/memory-task-store.ts';
export { MemoryUserStore } from './users/memory-user-store.ts';
