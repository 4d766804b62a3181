import { execFile } from 'node:child_process';
import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const FOLDER = fileURLToPath(new URL('../../node_modules/.cache/python/', import.meta.url));

/** Tools that exist for Python only. Each has a virtual environment of its own. */
const TOOLS = {
  'cfn-lint': '1.58.0',
  ministack: '1.5.33',
} as const;

/**
 * The path of a tool. Installs it at first use. Rejects without Python 3.10 or later, or when the package cannot be
 * installed.
 */
export async function pythonTool(name: keyof typeof TOOLS): Promise<string> {
  const version = TOOLS[name];
  const environment = join(FOLDER, `${name}-${version}`);
  const program = join(environment, 'bin', name);
  if (await exists(program)) return program;
  await mkdir(FOLDER, { recursive: true });
  try {
    await run('python3', ['-m', 'venv', environment]);
    await run(join(environment, 'bin', 'pip'), ['install', '--quiet', `${name}==${version}`]);
  } catch (error) {
    throw new Error(`${name} ${version} could not be installed; it needs Python 3.10 or later with venv and pip.`, {
      cause: error,
    });
  }
  return program;
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
