import { useDataFolders } from '#test/support/data-folder.ts';
import { readFixture } from './fixture.ts';
import { loadSqlite, type SqliteLeft } from './sqlite.ts';
import { upgradeContract } from './upgrade.contract.ts';

const folders = useDataFolders();

upgradeContract('SQLite', async () => {
  const folder = await folders.newFolder();
  loadSqlite(folder, readFixture<SqliteLeft>('sqlite'));
  return folders.open({ folder });
});
