import { taskQueueContract } from '#test/contracts/task-queue.contract.ts';
import { useDataFolders } from '#test/support/data-folder.ts';

const folders = useDataFolders();

taskQueueContract('SQLite', async () => {
  const folder = await folders.newFolder();
  const platform = await folders.open({ folder });
  const other = await folders.open({ folder });
  return {
    queue: platform.queues('model_a'),
    elsewhere: other.queues('model_a'),
    cutOff: () => platform.close(),
  };
});
