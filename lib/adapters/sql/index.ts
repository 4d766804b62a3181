export { SqlCallLog } from './sql-call-log.ts';
export { SqlUsageStore } from './sql-usage-store.ts';
export { SqlUserStore } from './sql-user-store.ts';
export type { SqlTables } from './tables.ts';
