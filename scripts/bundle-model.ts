import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isModelName } from '#core';
import { ENV } from '#platform/environment.ts';
import { bundleModel } from '../lib/bundling/bundle-model.ts';

// Bundles the runtime with one model for its image: node scripts/bundle-model.ts <name> --into <folder>
// `--external <package>`, repeatable: a package that is installed in that folder instead.
const CONTAINERS = fileURLToPath(new URL('../model-containers/', import.meta.url));

/** In a Docker container, the host name is the container id, which instance control uses. */
const preludeOf = (model: string): string => `import { hostname } from 'node:os';
process.env.${ENV.model} ||= '${model}';
if (!process.env.${ENV.ecsMetadata} && /^[0-9a-f]{12}$/.test(hostname())) process.env.${ENV.instanceId} ||= hostname();
`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { into: { type: 'string' }, external: { type: 'string', multiple: true, default: [] } },
});
const [model = ''] = positionals;
if (!isModelName(model) || values.into === undefined) {
  process.stderr.write(
    'Missing or invalid argument. Usage: node scripts/bundle-model.ts model_a --into dist/model_a\n',
  );
  process.exit(2);
}
await bundleModel({
  folder: join(CONTAINERS, 'models', model),
  runtime: join(CONTAINERS, 'runtime'),
  into: resolve(values.into),
  prelude: preludeOf(model),
  external: values.external,
});
