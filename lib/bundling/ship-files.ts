import { cpSync, existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/**
 * Copies the files of packages that a handler reads while it runs, which its `files.json` lists, to where a bundle
 * in `outputFolder` finds them. Most handlers have none. Throws when one is not installed.
 */
export function shipFiles(folder: string, outputFolder: string): void {
  const list = join(folder, 'files.json');
  if (!existsSync(list)) return;
  const { resolve } = createRequire(list);
  for (const path of JSON.parse(readFileSync(list, 'utf8')) as readonly string[]) {
    cpSync(resolve(path), join(outputFolder, 'node_modules', path));
  }
}
