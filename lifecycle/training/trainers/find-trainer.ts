import { existsSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ModelyardError } from '#core';
import { filesHash } from '../../code.ts';
import { type PythonOptions, pythonTrainer, RUNNER } from './python-trainer.ts';
import type { Trainer } from './trainer.ts';

/** Every file is a trainer of its name: the default export of a module, or the class `Trainer` of a Python file. */
const FOLDER = new URL('../../trainers/', import.meta.url);
const NAME = /^[a-z][a-z0-9_]*$/;

export interface FoundTrainer {
  readonly trainer: Trainer;
  /** Of its file and of what that imports. */
  readonly codeHash: string;
}

/** Finds a trainer by its name. Rejects with `invalid_input`. */
export async function findTrainer(name: string, python: PythonOptions): Promise<FoundTrainer> {
  const file = fileOf(name);
  const codeHash = await trainerHash(name);
  if (file.endsWith('.py')) return { trainer: pythonTrainer(file, python), codeHash };
  const { default: trainer } = (await import(pathToFileURL(file).href)) as { readonly default: Trainer };
  return { trainer, codeHash };
}

/** SHA-256 of the code of a trainer. Rejects with `invalid_input`. */
export function trainerHash(name: string): Promise<string> {
  const file = fileOf(name);
  return filesHash(file.endsWith('.py') ? [file, RUNNER] : [file]);
}

function fileOf(name: string): string {
  const files = ['ts', 'py'].map((extension) => fileURLToPath(new URL(`${name}.${extension}`, FOLDER)));
  const found = NAME.test(name) ? files.find((file) => existsSync(file)) : undefined;
  if (found !== undefined) return found;
  throw new ModelyardError('invalid_input', `There is no trainer ${name}.`);
}
