import type { ServiceManifest } from '../service.ts';
import { FEATURES } from './migrations/001-features.ts';

/** Entities, feature views, and their values for training and for serving. */
export const manifest = {
  name: 'features',
  databasePort: 5435,
  migrations: { ...FEATURES },
} as const satisfies ServiceManifest;
