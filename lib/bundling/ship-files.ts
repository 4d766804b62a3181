import { cpSync, existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/**
 * Copies the package files that a handler reads at run time, listed in its `files.json`, into the bundle. Most handlers
 * have no such list. Throws when a package is not installed.
 */
export function shipFiles(folder: string, outputFolder: string): void {
  const list = join(folder, 'files.json');
  if (!existsSync(list)) return;
  const { resolve } = createRequire(list);
  for (const path of JSON.parse(readFileSync(list, 'utf8')) as readonly string[]) {
    cpSync(resolve(path), join(outputFolder, 'node_modules', path));
  }
}
