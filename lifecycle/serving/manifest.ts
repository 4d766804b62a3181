import type { ServiceManifest } from '../service.ts';
import { migrations } from './migrations/index.ts';

export const manifest: ServiceManifest = { name: 'serving', databasePort: 5437, migrations };
