import { databaseOf, type Lifecycle } from '../lifecycle.ts';
import { manifest } from './manifest.ts';
import type { ServingTables } from './tables.ts';

export const servingDatabase = (lifecycle: Pick<Lifecycle, 'stores'>) => databaseOf<ServingTables>(lifecycle, manifest);
