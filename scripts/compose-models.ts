import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { discoverModels } from '#local/discover-models.ts';
import { dockerfileOf, withModels } from './compose/model-services.ts';

// `npm run compose:models`: gives compose.yaml a service for every model.
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const COMPOSE = join(ROOT, 'compose.yaml');

const { models, faults } = await discoverModels([join(ROOT, 'model-containers', 'models')]);
if (faults.length > 0) {
  process.stderr.write(`${faults.join('\n')}\n`);
  process.exit(1);
}
const composed = models.map(async ({ manifest, folder }) => ({
  manifest,
  dockerfile: await dockerfileOf(ROOT, folder),
}));
await writeFile(COMPOSE, withModels(await readFile(COMPOSE, 'utf8'), await Promise.all(composed)));
