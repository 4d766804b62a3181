import { databaseOf, type Lifecycle } from '../lifecycle.ts';
import { manifest } from './manifest.ts';
import type { MonitoringTables } from './tables.ts';

export const monitoringDatabase = (lifecycle: Pick<Lifecycle, 'stores'>) =>
  databaseOf<MonitoringTables>(lifecycle, manifest);
