import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeClientPackage, writeCommandLinePackage } from '../lib/bundling/packages.ts';

// Packs the command line and the TypeScript client as they are published: npm run packages [folder]
const folder = process.argv[2] ?? fileURLToPath(new URL('../dist/packages', import.meta.url));
writeClientPackage(join(folder, 'client'));
writeCommandLinePackage(join(folder, 'modelyard'));
for (const name of ['client', 'modelyard']) {
  const args = ['pack', join(folder, name), '--pack-destination', folder, '--silent'];
  const packed = execFileSync('npm', args, { encoding: 'utf8' }).trim();
  process.stdout.write(`${join(folder, packed)}\n`);
}
