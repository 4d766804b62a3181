import { join } from 'node:path';
import { PythonEnvironments } from '#local/python-environment.ts';
import { backendOf } from '#runtime/backends/backend-of.ts';
import { silentLogger } from './silent-logger.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures/python');
const environments = new PythonEnvironments(silentLogger);

/** The folder of a model of `test/fixtures/python`. */
export const pythonFixture = (name: string): string => join(FIXTURES, name);

/** The interpreter with the packages of a model. */
export const pythonOf = (folder: string): Promise<string> => environments.pythonOf(folder);

/** Runs a model in Python, with its packages installed as `npm start` does it. */
export async function pythonBackend(folder: string) {
  const python = await pythonOf(folder);
  return backendOf(folder, { python, containerUrl: undefined, environment: process.env });
}
