import type { ServiceManifest } from '../service.ts';
import { DATASETS } from './migrations/001-datasets.ts';

/** Datasets, their versions and the rows that were refused. */
export const manifest = {
  name: 'ingestion',
  databasePort: 5433,
  migrations: { ...DATASETS },
} as const satisfies ServiceManifest;
