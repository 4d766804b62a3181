export { takeDataFolder } from './data-folder.ts';
export { DURABILITIES, type Durability } from './database/open-database.ts';
export { openSqlite, type Sqlite } from './open-sqlite.ts';
export { queuesOf } from './queue/message-table.ts';
export { fileBlobStreams } from './tasks/file-blob-streams.ts';
