import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelyard, run } from '#test/support/cli.ts';
import { listenOnFreePort } from '#test/support/listen.ts';

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
    // A file, or something that nobody knows.
    [['--profile', 'in'], []],
    // The API is away.
    [['predict', 'mod'], []],
  ])('of %j offers %j', async (words, choices) => {
    expect(await offered(...words)).toEqual(choices);
  });

  it.each([
    ['that is away', 'http://127.0.0.1:1', 'modelyard predict '],
    ['that is no URL', 'nowhere', 'modelyard predict '],
    ['of a profile that is not kept', 'http://127.0.0.1:1', 'modelyard --profile nobody predict '],
  ])('is silent about an API %s', async (_, MODELYARD_URL, line) => {
    const options = { environment: { HOME: folder, MODELYARD_URL } };
    expect(await modelyard(['completion', 'known', line], options)).toEqual({ code: 0, out: '', err: '' });
  });

  it('does not wait long for an API that is frozen', async () => {
    await using frozen = await frozenServer();
    const options = { environment: { HOME: folder, MODELYARD_URL: frozen.url } };
    expect(await modelyard(['completion', 'known', 'modelyard predict '], options)).toMatchObject({ code: 0, out: '' });
  });
});

/** Accepts connections, and answers none. */
async function frozenServer() {
  const server = createServer();
  const url = await listenOnFreePort(server);
  return { url, [Symbol.asyncDispose]: async () => server.close().closeAllConnections() };
}
