import { blockedModelContract } from '#test/contracts/blocked-model.contract.ts';
import { useDataFolders } from '#test/support/data-folder.ts';

const folders = useDataFolders();

blockedModelContract('SQLite', () => folders.open());
