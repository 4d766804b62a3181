import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ModelyardError } from '#core';
import { type PythonOptions, pythonTrainer } from './python-trainer.ts';
import type { Trainer } from './trainer.ts';

/** Every file is a trainer of its name: the default export of a module, or the class `Trainer` of a Python file. */
const FOLDER = new URL('../../trainers/', import.meta.url);
const NAME = /^[a-z][a-z0-9_]*$/;

export interface FoundTrainer {
  readonly trainer: Trainer;
  /** SHA-256 of its file. */
  readonly codeHash: string;
}

/** Finds a trainer by its name. Rejects with `invalid_input`. */
export async function findTrainer(name: string, python: PythonOptions): Promise<FoundTrainer> {
  for (const extension of ['ts', 'py']) {
    const file = fileURLToPath(new URL(`${name}.${extension}`, FOLDER));
    if (!NAME.test(name) || !existsSync(file)) continue;
    const codeHash = createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
    if (extension === 'py') return { trainer: pythonTrainer(file, python), codeHash };
    const { default: trainer } = (await import(pathToFileURL(file).href)) as { readonly default: Trainer };
    return { trainer, codeHash };
  }
  throw new ModelyardError('invalid_input', `There is no trainer ${name}.`);
}
