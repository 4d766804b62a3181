import { earlierMessagesContract } from '#test/contracts/earlier-build.contract.ts';
import { useDataFolders } from '#test/support/data-folder.ts';
import { earlierMessageOn } from '#test/support/earlier-build.ts';

const folders = useDataFolders();

earlierMessagesContract('SQLite', async () => earlierMessageOn(await folders.open()));
