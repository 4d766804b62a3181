import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bundleGateway } from '../lib/bundling/bundle-gateway.ts';

// Bundles the gateway for its image: node scripts/bundle-gateway.ts --into <folder>
const ROOT = fileURLToPath(new URL('..', import.meta.url));

const { values } = parseArgs({ options: { into: { type: 'string' } } });
if (values.into === undefined) {
  process.stderr.write('Missing argument. Usage: node scripts/bundle-gateway.ts --into dist/gateway\n');
  process.exit(2);
}
await bundleGateway({
  entries: {
    main: join(ROOT, 'bin', 'gateway.ts'),
    provision: join(ROOT, 'bin', 'provision.ts'),
    users: join(ROOT, 'bin', 'users.ts'),
    // The name by which the gateway starts its threads.
    'transcoding-worker': join(ROOT, 'lib', 'gateway', 'transcoding-worker.ts'),
  },
  handlers: join(ROOT, 'lambdas'),
  into: resolve(values.into),
});
