import type { ServiceManifest } from '../service.ts';
import { FEATURES } from './migrations/001-features.ts';

/** Entities, feature views, and their values for training and for serving. */
export const manifest = {
  name: 'features',
  migrations: { ...FEATURES },
} as const satisfies ServiceManifest;
