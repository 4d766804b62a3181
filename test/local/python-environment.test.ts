import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PythonEnvironments } from '#local/python-environment.ts';
import { silentLogger } from '#test/support/silent-logger.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'modelyard-python-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

/** The only programs that a test lets be found. */
async function program(name: string, script: string): Promise<void> {
  await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, name), 0o755);
  vi.stubEnv('PATH', `${folder}:/usr/bin/nothing`);
}

describe('the virtual environment of a model', () => {
  it.each([
    ['there is no Python', undefined],
    ['Python is too old', 'echo Python 3.9.18'],
  ])('cannot be made when %s, which one sentence says', async (_, script) => {
    await writeFile(join(folder, 'requirements.txt'), `never==${Math.random()}`);
    vi.stubEnv('PATH', folder);
    if (script !== undefined) await program('python3', script);

    await expect(new PythonEnvironments(silentLogger).pythonOf(folder)).rejects.toThrow(
      /^Models in Python need Python 3\.10 or later: install uv or python3 and restart\.$/,
    );
  });

  it('names the package that cannot be installed', async () => {
    await writeFile(join(folder, 'requirements.txt'), `never==${Math.random()}`);
    await program('uv', 'case $1 in --version) echo uv 1;; venv) ;; *) echo "No solution: never" >&2; exit 1;; esac');

    await expect(new PythonEnvironments(silentLogger).pythonOf(folder)).rejects.toThrow(
      'The Python packages of the model cannot be installed: No solution: never',
    );
  });

  it('tells the error instead of the advice after it', async () => {
    await writeFile(join(folder, 'requirements.txt'), `never==${Math.random()}`);
    const output = ['ERROR: Could not find never', '', 'hint: See above for details.'].map(
      (line) => `echo "${line}" >&2`,
    );
    await program('uv', `case $1 in --version) echo uv 1;; venv) ;; *) ${output.join('; ')}; exit 1;; esac`);

    await expect(new PythonEnvironments(silentLogger).pythonOf(folder)).rejects.toThrow(/ERROR: Could not find never$/);
  });

  it('has what a list with options, other lists and paths asks for', async () => {
    await writeFile(join(folder, 'base.txt'), `never==${Math.random()}\n`);
    await writeFile(
      join(folder, 'requirements.txt'),
      '--extra-index-url https://example.com/simple\n-r base.txt\n./own.whl\n',
    );
    await program('uv', 'case $1 in venv) /bin/mkdir -p $3/bin;; pip) echo "$PWD $*" > $5;; esac');
    const environments = new PythonEnvironments(silentLogger);

    const first = await environments.pythonOf(folder);
    await writeFile(join(folder, 'base.txt'), `never==${Math.random()}\n`);
    const second = await environments.pythonOf(folder);

    expect(await readFile(first, 'utf8')).toMatch(
      new RegExp(`^${folder} pip install .* -r ${folder}/requirements.txt `),
    );
    expect(second).not.toBe(first);
    for (const python of [first, second]) await rm(join(python, '../..'), { recursive: true });
  });

  it('is made once for the same packages, whatever the comments say', async () => {
    const list = `never==${Math.random()}`;
    await writeFile(join(folder, 'requirements.txt'), `# These.\n${list} # Pinned.\n`);
    await program(
      'uv',
      'if [ $1 = venv ]; then /bin/mkdir -p $3/bin; /usr/bin/touch $3/bin/python; fi; /bin/sleep 0.1',
    );
    const environments = new PythonEnvironments(silentLogger);

    const [first, second] = await Promise.all([environments.pythonOf(folder), environments.pythonOf(folder)]);
    await writeFile(join(folder, 'requirements.txt'), `${list}\n`);
    const third = await new PythonEnvironments(silentLogger).pythonOf(folder);

    expect([second, third]).toEqual([first, first]);
    await rm(join(first, '../..'), { recursive: true });
  });

  it('has programs whose interpreter is where it stays', async () => {
    await writeFile(join(folder, 'requirements.txt'), `never==${Math.random()}`);
    await program(
      'uv',
      `if [ $1 = venv ]; then /bin/mkdir -p $3/bin; echo "#!$3/bin/python" > $3/bin/python; echo "#!$3/bin/python" > $3/bin/serve; fi`,
    );

    const python = await new PythonEnvironments(silentLogger).pythonOf(folder);

    expect(await readFile(join(dirname(python), 'serve'), 'utf8')).toBe(`#!${python}\n`);
    await rm(join(python, '../..'), { recursive: true });
  });
});
