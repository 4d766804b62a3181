import { provision } from '#local/provision.ts';
import { createMemoryPlatform } from '#platform/memory.ts';
import { eraseUserContract } from '#test/contracts/erase-user.contract.ts';
import { useDataFolders } from '#test/support/data-folder.ts';
import { useEmulatedAws } from '#test/support/emulated-aws.ts';

const folders = useDataFolders();
const aws = useEmulatedAws();

eraseUserContract('memory', async () => createMemoryPlatform());
eraseUserContract('sqlite', () => folders.open());
eraseUserContract('aws', async () => {
  await provision(aws.settings, ['model_a']);
  return aws.open();
});
