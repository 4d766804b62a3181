import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TASK_STATES, USER_ROLES } from '#core';
import { findBinary, notRun } from '#test/support/broker-binaries.ts';
import { ENTRY, modelyard } from '#test/support/cli.ts';
import { listenOnFreePort } from '#test/support/listen.ts';
import { NODE_ENVIRONMENT } from '#test/support/node-environment.ts';

const folder = mkdtempSync(join(tmpdir(), 'modelyard-tab-'));
// Fish shortens words that begin alike.
const TASKS = ['01a2062c-be58-72e9-bccb-e7aca0618a4b', '5ea2062c-be58-72e9-bccb-e7aca0618a4c'];
const ANSWERS: Readonly<Record<string, unknown>> = {
  '/models': { models: ['sentiment', 'speech', '$(touch hacked)'].map((name) => ({ name })) },
  '/models/sentiment/instances': { instances: [{ id: 'first-1' }, { id: 'second-2' }] },
  '/tasks': { tasks: TASKS.map((id) => ({ id })) },
};
const api = createServer(({ url = '' }, answer) => {
  answer.setHeader('Content-Type', 'application/json').end(JSON.stringify(ANSWERS[url.split('?')[0] ?? ''] ?? {}));
});
let url = '';
beforeAll(async () => {
  url = await listenOnFreePort(api);
  writeFileSync(join(folder, 'modelyard'), `#!/bin/sh\nexec '${process.execPath}' '${ENTRY}' "$@"\n`, { mode: 0o755 });
});
afterAll(() => {
  api.close();
  rmSync(folder, { recursive: true, force: true });
});

const TAB = '\t';
/** Bash lists the choices after the second one. */
const LIST = `${TAB}${TAB}`;
/** What is typed differs, so that its echo is not taken for the prompt. */
const PROMPT = 'ready> ';
const TYPED_PROMPT = "'rea''dy> '";

/** Without start-up files: what the script needs, it must load. */
const SHELLS = [
  { shell: 'bash', start: 'bash --norc --noprofile', prompt: `PS1=${TYPED_PROMPT}` },
  { shell: 'zsh', start: 'zsh -f', prompt: `PS1=${TYPED_PROMPT}` },
  { shell: 'fish', start: 'fish --no-config', prompt: `function fish_prompt; echo -n ${TYPED_PROMPT}; end` },
];

/** A shell in a pseudo-terminal. */
class Typist {
  readonly #child: ChildProcessWithoutNullStreams;
  #shown = '';
  #changed = Promise.withResolvers<void>();

  constructor(start: string) {
    this.#child = spawn('script', ['-qec', `stty cols 160 rows 50; exec ${start}`, '/dev/null'], {
      cwd: folder,
      env: {
        ...NODE_ENVIRONMENT,
        PATH: `${folder}${delimiter}${NODE_ENVIRONMENT.PATH}`,
        ...{ HOME: folder, TERM: 'xterm', MODELYARD_URL: url },
      },
    });
    this.#child.stdout.setEncoding('utf8').on('data', (text) => {
      this.#shown += text;
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
    });
  }

  /** Types, and resolves with what is on the terminal since then, once that has all of the texts. */
  async type(keys: string, ...texts: readonly string[]): Promise<string> {
    this.#shown = '';
    this.#child.stdin.write(keys);
    for (;;) {
      const shown = stripVTControlCharacters(this.#shown);
      if (texts.every((text) => shown.includes(text))) return shown;
      await this.#changed.promise;
    }
  }

  end() {
    this.#child.stdin.end();
    this.#child.kill('SIGKILL');
  }
}

describe.each(SHELLS)('Tab in $shell', { timeout: 60_000 }, ({ shell, start, prompt }) => {
  const how = `apt-get install -y ${shell}`;
  const binary =
    findBinary(shell) ?? notRun({ suite: `Tab in ${shell}`, program: shell, how, required: 'REQUIRE_SHELLS' });
  if (!binary) return it.todo(`runs where ${shell} is installed`);

  beforeAll(async () => {
    const { out } = await modelyard(['completion', shell], { environment: { HOME: folder } });
    writeFileSync(join(folder, `completion.${shell}`), out);
  });

  /** What a new shell shows after the words and Tab, once it has shown all of the choices. */
  async function shownAfter(words: string, choices: readonly string[]): Promise<string> {
    const typist = new Typist(start);
    try {
      await typist.type(`${prompt}\r`, PROMPT);
      await typist.type(`source completion.${shell}\r`, PROMPT);
      return await typist.type(`modelyard ${words}${choices.length > 1 ? LIST : TAB}`, ...choices);
    } finally {
      typist.end();
    }
  }

  it.each([
    ['', ['instances', 'predict', 'doctor']],
    ['inst', ['instances']],
    ['instances ', ['launch', 'drain']],
    // A value of an option is no verb.
    ['--profile tasks instances dr', ['drain']],
    ['tasks --st', ['--state']],
    ['tasks --state ', TASK_STATES],
    ['init churn --container ', ['kserve', 'cog']],
    ['predict model_a --wa', ['--wait', '--watch']],
    ['completion ', ['bash', 'zsh', 'fish']],
    ['users change ann --role ', USER_ROLES],
  ])('after `modelyard %s` offers %j', async (words, choices) => {
    expect(await shownAfter(words, choices)).not.toContain('not found');
  });

  it.each([
    ['predict s', ['sentiment', 'speech']],
    ['predict se', ['sentiment']],
    ['instances launch se', ['sentiment']],
    ['instances drain sentiment ', ['first-1', 'second-2']],
    ['tasks cancel ', TASKS],
    ['tasks --model se', ['sentiment']],
  ])('asks the API after `modelyard %s`, and offers %j', async (words, choices) => {
    expect(await shownAfter(words, choices)).not.toContain('not found');
    expect(existsSync(join(folder, 'hacked'))).toBe(false);
  });

  it('asks the API that the line names', async () => {
    expect(await shownAfter(`--url ${url.replace('127.0.0.1', 'localhost')} predict se`, ['sentiment'])).toBeDefined();
  });

  it('offers options of the inner verb alone', async () => {
    expect(await shownAfter('tasks show --', ['--profile', '--json'])).not.toContain('--state');
  });
});
