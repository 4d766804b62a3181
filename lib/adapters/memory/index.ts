export { MemoryBlobStore } from './memory-blob-store.ts';
export { MemoryCallLog } from './memory-call-log.ts';
export { MemoryContractStore } from './memory-contract-store.ts';
export { MemoryModelRegistry } from './memory-model-registry.ts';
export { MemoryTaskQueue, type MemoryTaskQueueOptions } from './memory-task-queue.ts';
export { MemoryTaskStore } from './memory-task-store.ts';
export { MemoryUserStore } from './memory-user-store.ts';
