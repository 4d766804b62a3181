import type { ServiceManifest } from '../service.ts';
import { RECIPES } from './migrations/001-recipes.ts';

/** Recipes that clean datasets, their checks and their runs. */
export const manifest = {
  name: 'preprocessing',
  databasePort: 5434,
  migrations: { ...RECIPES },
} as const satisfies ServiceManifest;
