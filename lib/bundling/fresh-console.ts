import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CONSOLE = fileURLToPath(new URL('../../console', import.meta.url));
const DIST = join(CONSOLE, 'dist');
const STAMP = join(DIST, 'stamp.txt');

/** Builds the web console in `console/dist` unless it is there and of these sources. */
export async function freshenConsole(): Promise<void> {
  const stamp = stampOfSources();
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === stamp) return;
  const { writeConsole } = await import('./console.ts');
  try {
    writeConsole(DIST);
    writeFileSync(STAMP, stamp);
  } catch (error) {
    // Recovery: another start has built it at the same time.
    if (!existsSync(DIST)) throw error;
  }
}

function stampOfSources(): string {
  const hash = createHash('sha256');
  const paths = ['../package.json', '../lib/bundling/console.ts', ...globSync('src/**/*', { cwd: CONSOLE }).toSorted()];
  for (const path of paths.filter((path) => /\.\w+$/.test(path))) {
    hash.update(path).update(readFileSync(join(CONSOLE, path)));
  }
  return hash.digest('hex');
}
