import type { ServiceManifest } from '../service.ts';
import { migrations } from './migrations/index.ts';

/** Rules, alerts, silences and deliveries. */
export const manifest: ServiceManifest = { name: 'alerts', databasePort: 5439, migrations };
