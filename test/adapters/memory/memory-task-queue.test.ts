import { MemoryTaskQueue } from '#adapters/memory/index.ts';
import { systemClock } from '#platform/system-clock.ts';
import { taskQueueContract } from '#test/contracts/task-queue.contract.ts';

taskQueueContract('memory', async () => {
  const queue = new MemoryTaskQueue({ clock: systemClock, pollMs: 1000 });
  return {
    queue,
    elsewhere: queue.connect(),
    async cutOff() {
      queue.reachable = false;
    },
  };
});
