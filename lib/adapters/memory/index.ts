export { MemoryBlobStore } from './memory-blob-store.ts';
export { MemoryContractStore } from './memory-contract-store.ts';
export { MemoryModelRegistry } from './memory-model-registry.ts';
export { MemoryTaskQueue, type MemoryTaskQueueOptions } from './memory-task-queue.ts';
export { MemoryTaskStore } from './memory-task-store.ts';
