import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { LocalModel } from '#catalog/discover-models.ts';
import { type Logger, ModelyardError } from '#core';
import { CACHE, ROOT } from './instance-command.ts';

const run = promisify(execFile);

const PACKAGE = join(ROOT, 'model-containers', 'python', 'pyproject.toml');
const MISSING = 'Models in Python need Python 3.10 or later: install uv or python3 and restart.';

/** Commands of containers may need packages too. */
export const needsPython = ({ kind, folder }: LocalModel): boolean =>
  kind === 'python' || (kind === 'container' && existsSync(join(folder, 'requirements.txt')));

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
    const { lines } = requirements;
    const text = [...lines, ...(lines.every(isPlain) ? [] : [folder, ...(await includedIn(requirements))])].join('\n');
    const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
    const pending = this.#pending.get(hash) ?? this.#prepare(join(CACHE, 'python', hash), requirements);
    this.#pending.set(hash, pending);
    pending.catch(() => this.#pending.delete(hash));
    return pending;
  }

  async #prepare(environment: string, requirements: Requirements): Promise<string> {
    if (existsSync(pythonIn(environment))) return pythonIn(environment);
    this.#logger.info('Installing Python packages. This happens once.', { requirements: requirements.lines });
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

interface Requirements {
  /** The folder of the model, to which paths in its list are relative. */
  readonly folder: string;
  /** `requirements.txt`, if the model has one. */
  readonly file: string | undefined;
  /** Packages that every model needs. */
  readonly shared: readonly string[];
  /** All lines without comments. */
  readonly lines: readonly string[];
}

async function requirementsOf(folder: string): Promise<Requirements> {
  const path = join(folder, 'requirements.txt');
  const file = existsSync(path) ? path : undefined;
  const own = file === undefined ? [] : (await readFile(file, 'utf8')).split('\n');
  const [, dependencies = ''] = /^dependencies = \[(.*)\]$/m.exec(await readFile(PACKAGE, 'utf8')) ?? [];
  const shared = [...dependencies.matchAll(/"([^"]+)"/g)].map(([, requirement = '']) => requirement);
  const lines = [...own.map((line) => line.replace(/(^|\s)#.*$/, '').trim()).filter((line) => line !== ''), ...shared];
  return { folder, file, shared, lines };
}

/** A package by name and version. Options and paths mean another thing in another folder. */
const isPlain = (line: string): boolean => /^\w[^/\\]*$/.test(line);

/** The texts of the files that a list names by `-r` and `-c`. */
function includedIn({ folder, lines }: Requirements): Promise<readonly string[]> {
  const names = lines.flatMap((line) => /^(?:-[rc]|--requirement|--constraint)[\s=]*(.+)$/.exec(line)?.[1] ?? []);
  // A missing one is named by the installer.
  return Promise.all(names.map((name) => readFile(resolve(folder, name), 'utf8').catch(() => '')));
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

async function createWith(
  program: Installer,
  environment: string,
  { folder, file, shared }: Requirements,
): Promise<void> {
  const python = pythonIn(environment);
  const wanted = [...(file === undefined ? [] : ['-r', file]), ...shared];
  const options = { cwd: folder };
  try {
    if (program === 'uv') {
      await run('uv', ['venv', '--quiet', environment]);
      await run('uv', ['pip', 'install', '--quiet', '--python', python, ...wanted], options);
    } else {
      await run('python3', ['-m', 'venv', environment]);
      await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...wanted], options);
    }
  } catch (cause) {
    const { stderr = '' } = cause as { readonly stderr?: string };
    const why = reasonIn(stderr) ?? String(cause);
    throw new ModelyardError('internal', `The Python packages of the model cannot be installed: ${why}`, { cause });
  }
}

/** The last line that tells of an error. Advice follows it. */
function reasonIn(output: string): string | undefined {
  const lines = output.split('\n').map((line) => line.trim());
  const told = lines.filter((line) => /^(?:error:|×|╰─[>▶])/i.test(line) && !line.endsWith('See above for output.'));
  return told.at(-1) ?? lines.findLast((line) => line !== '');
}
