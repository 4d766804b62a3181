import type { ServiceManifest } from '../service.ts';
import { migrations } from './migrations/index.ts';

/** Logged predictions in windows, their drift and their outcomes. */
export const manifest: ServiceManifest = { name: 'monitoring', databasePort: 5438, migrations };
