import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';

const read = (name: string): Promise<string> => readFile(new URL(`../../${name}`, import.meta.url), 'utf8');

/** Parts of `npm run check`, which has a row of its own. */
const PARTS = new Set(['lint', 'types']);

describe('the README', async () => {
  const { scripts } = JSON.parse(await read('package.json')) as { readonly scripts: Readonly<Record<string, string>> };
  const readme = await read('README.md');

  it.each(Object.keys(scripts).filter((name) => !PARTS.has(name)))('names the script %s', (name) => {
    expect(readme).toMatch(new RegExp(`(?:npm (?:run )?|\`)${name}(?![\\w:-])`));
  });
});
