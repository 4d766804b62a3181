import { MemoryTaskStore } from '#adapters/memory/index.ts';
import { systemClock } from '#platform/platform.ts';
import { taskStoreContract } from '#test/contracts/task-store.contract.ts';

taskStoreContract('memory', async () => {
  const store = new MemoryTaskStore(systemClock);
  return {
    store,
    async cutOff() {
      store.reachable = false;
    },
  };
});
