import type { ServiceManifest } from '../service.ts';
import { migrations } from './migrations/index.ts';

export const manifest: ServiceManifest = { name: 'training', databasePort: 5436, migrations };
