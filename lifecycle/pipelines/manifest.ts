import type { ServiceManifest } from '../service.ts';
import { migrations } from './migrations/index.ts';

export const manifest: ServiceManifest = { name: 'pipelines', databasePort: 5440, migrations };
