import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Logger, ModelyardError } from '#core';
import { CACHE, ROOT } from './instance-command.ts';

const run = promisify(execFile);

const PACKAGE = join(ROOT, 'model-containers', 'python', 'pyproject.toml');
const MISSING = 'Models in Python need Python 3.10 or later: install uv or python3 and restart.';

/** Virtual environments by the hash of their requirements. Instances and models share them. */
export class PythonEnvironments {
  readonly #logger: Logger;
  readonly #pending = new Map<string, Promise<string>>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /**
   * The Python interpreter with the packages of `<folder>/requirements.txt` and of the Python package. The first call
   * installs them. Rejects with one sentence when there is no Python or a package cannot be installed.
   */
  async pythonOf(folder: string): Promise<string> {
    const requirements = await requirementsOf(folder);
    const hash = createHash('sha256').update(requirements.join('\n')).digest('hex').slice(0, 16);
    const pending = this.#pending.get(hash) ?? this.#prepare(join(CACHE, 'python', hash), requirements);
    this.#pending.set(hash, pending);
    pending.catch(() => this.#pending.delete(hash));
    return pending;
  }

  async #prepare(environment: string, requirements: readonly string[]): Promise<string> {
    if (existsSync(pythonIn(environment))) return pythonIn(environment);
    this.#logger.info('Installing Python packages. This happens once.', { requirements });
    // Installs into a temporary folder first: another process may install the same packages, and this process may be
    // killed.
    const draft = `${environment}.${process.pid}`;
    // The existing environment belongs to a removed Python.
    await rm(environment, { recursive: true, force: true });
    try {
      await createWith(await installer(), draft, requirements);
      await moveScripts(draft, environment);
      await rename(draft, environment).catch((error) => {
        if (!existsSync(pythonIn(environment))) throw error;
      });
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
    this.#logger.info('Python packages are installed.');
    return pythonIn(environment);
  }
}

/** One requirement per line, without comments. */
async function requirementsOf(folder: string): Promise<readonly string[]> {
  const path = join(folder, 'requirements.txt');
  const own = existsSync(path) ? (await readFile(path, 'utf8')).split('\n') : [];
  const [, dependencies = ''] = /^dependencies = \[(.*)\]$/m.exec(await readFile(PACKAGE, 'utf8')) ?? [];
  const shared = [...dependencies.matchAll(/"([^"]+)"/g)].map(([, requirement = '']) => requirement);
  return [...own.map((line) => line.replace(/(^|\s)#.*$/, '').trim()).filter((line) => line !== ''), ...shared];
}

/** The first line of an installed program, for example `uvicorn`, is the path of its interpreter. */
async function moveScripts(from: string, to: string): Promise<void> {
  for (const entry of await readdir(join(from, 'bin'), { withFileTypes: true })) {
    const path = join(from, 'bin', entry.name);
    const text = entry.isFile() ? await readFile(path, 'latin1') : '';
    if (text.startsWith('#!') && text.includes(from)) await writeFile(path, text.replaceAll(from, to), 'latin1');
  }
}

const pythonIn = (environment: string): string => join(environment, 'bin', 'python');

type Installer = 'uv' | 'python3';

async function installer(): Promise<Installer> {
  for (const program of ['uv', 'python3'] as const) {
    const found = await run(program, ['--version']).then(
      ({ stdout }) => program === 'uv' || isRecent(stdout),
      () => false,
    );
    if (found) return program;
  }
  throw new ModelyardError('internal', MISSING);
}

function isRecent(version: string): boolean {
  const [, major, minor] = /(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(major) === 3 && Number(minor) >= 10;
}

async function createWith(program: Installer, environment: string, requirements: readonly string[]): Promise<void> {
  const python = pythonIn(environment);
  try {
    if (program === 'uv') {
      await run('uv', ['venv', '--quiet', environment]);
      await run('uv', ['pip', 'install', '--quiet', '--python', python, ...requirements]);
    } else {
      await run('python3', ['-m', 'venv', environment]);
      await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...requirements]);
    }
  } catch (cause) {
    const { stderr = '' } = cause as { readonly stderr?: string };
    const [why = String(cause)] = stderr.trim().split('\n').slice(-1);
    throw new ModelyardError('internal', `The Python packages of the model cannot be installed: ${why}`, { cause });
  }
}
