import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';
import { blocks } from '../docs/pages.ts';

const PACKAGE = fileURLToPath(new URL('../../model-containers/python', import.meta.url));
const EXAMPLES = blocks(await readFile(join(PACKAGE, 'modelyard', 'client', 'README.md'), 'utf8'), 'python');
const PRINTED = [
  /^Processed message: /,
  /^succeeded \d+\n$/,
  /succeeded\n$/,
  /^0 \{.*\n1 \{.*\n2 \{/s,
  /^invalid-input \[/,
];

let system: EmbeddedSystem;
beforeAll(async () => {
  system = await EmbeddedSystem.start();
});
afterAll(() => system?.[Symbol.asyncDispose]());

describe('the README of the Python client', () => {
  it('has five examples', () => {
    expect(EXAMPLES).toHaveLength(PRINTED.length);
  });

  it.each(EXAMPLES.map((code, i) => ({ i, code })))('has an example $i that works', async ({ i, code }) => {
    const text = code.replaceAll('http://localhost:8000', system.url);

    const env = { PATH: process.env.PATH, PYTHONPATH: PACKAGE, PYTHONDONTWRITEBYTECODE: '1' };
    const { stdout } = await promisify(execFile)('python3', ['-c', text], { env });

    expect(stdout).toMatch(PRINTED[i] ?? /never/);
  });
});
