import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT, say } from './cloud/command.ts';
import { FILES, referencesIn, withDigests } from './images/references.ts';
import { digestOf } from './images/registry.ts';

// `npm run images:pin` writes the digest that each public image has now behind its tag. Dependabot renews both.
const texts = new Map(
  await Promise.all(FILES.map(async (path) => [path, await readFile(join(ROOT, path), 'utf8')] as const)),
);
const references = [...new Set([...texts.values()].flatMap(referencesIn))].toSorted();
// All of them before the first file is changed.
const digests = new Map(
  await Promise.all(references.map(async (reference) => [reference, await digestOf(reference)] as const)),
);
for (const [path, text] of texts) await writeFile(join(ROOT, path), withDigests(text, digests));
for (const [reference, digest] of digests) say(`${reference}@${digest}`);
