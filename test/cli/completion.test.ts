import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelyard, run } from '#test/support/cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'modelyard-completion-'));
const script = join(folder, 'completion.bash');
const HOME = { environment: { HOME: folder } };
beforeAll(async () => writeFileSync(script, (await modelyard(['completion', 'bash'], HOME)).out));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What bash offers for the last of the words. */
async function offered(...words: string[]): Promise<string[]> {
  const line = ['modelyard', ...words].map((word) => `"${word}"`).join(' ');
  const shell = `. ${script}; COMP_WORDS=(${line}); COMP_CWORD=${words.length}; _modelyard; echo "\${COMPREPLY[@]}"`;
  const { out, err } = await run('bash', ['-c', shell], HOME);
  expect(err).toBe('');
  return out.trim() === '' ? [] : out.trim().split(' ');
}

describe('completion', { timeout: 60_000 }, () => {
  it.each([
    [['inst'], ['instances']],
    [
      ['instances', ''],
      ['list', 'launch', 'drain'],
    ],
    [['--url', 'http://localhost:1', 'instances', 'dr'], ['drain']],
    [['tasks', '--st'], ['--state']],
    [
      ['predict', 'model_a', '--wa'],
      ['--wait', '--watch'],
    ],
    [['users', '--js'], ['--json']],
    [['--pro'], ['--profile']],
    [['init', 'churn', '--container', 'k'], ['kserve']],
    // A file, or something that only the API knows.
    [['--profile', 'in'], []],
    [['predict', 'mod'], []],
  ])('of %j offers %j', async (words, choices) => {
    expect(await offered(...words)).toEqual(choices);
  });
});
