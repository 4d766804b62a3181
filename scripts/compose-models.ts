import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { discoverModels } from '#catalog/discover-models.ts';
import { imageRecipe } from '../lib/bundling/image-recipe.ts';
import { withLifecycle } from './compose/lifecycle-services.ts';
import { withModels } from './compose/model-services.ts';
import { readLifecycle } from './compose/read-lifecycle.ts';

// `npm run compose:models` writes the services of all models and of the lifecycle into compose.yaml.
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const COMPOSE = join(ROOT, 'compose.yaml');

const { models, faults } = await discoverModels([join(ROOT, 'model-containers', 'models')]);
if (faults.length > 0) {
  process.stderr.write(`${faults.join('\n')}\n`);
  process.exit(1);
}
const composed = models.map(({ manifest }) => ({ manifest, recipe: imageRecipe(ROOT, manifest.name) }));
const text = withModels(await readFile(COMPOSE, 'utf8'), composed);
await writeFile(COMPOSE, withLifecycle(text, await readLifecycle(ROOT)));
