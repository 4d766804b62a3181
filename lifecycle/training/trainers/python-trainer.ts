import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ModelyardError } from '#core';
import type { Examples, Trainer, TrainingOptions } from './trainer.ts';

/** Runs the file of a trainer. */
export const RUNNER = fileURLToPath(new URL('./run_trainer.py', import.meta.url));
/** Rows whose predictions are compared with those of the ONNX file. */
const PROBES = 200;
const PACKAGES = 'scikit-learn and skl2onnx';

export interface PythonOptions {
  /** Path of an interpreter with scikit-learn and skl2onnx. */
  readonly interpreter: string;
  /** For temporary files. */
  readonly scratch: string;
}

interface Answer {
  readonly predictions: readonly number[];
  readonly environment: Readonly<Record<string, string>>;
}

/** Trains with the class `Trainer` of a Python file. Rejects with `invalid_input` when its packages are missing. */
export const pythonTrainer = (file: string, { interpreter, scratch }: PythonOptions): Trainer => ({
  async train(examples, options) {
    await mkdir(scratch, { recursive: true, mode: 0o700 });
    const folder = await mkdtemp(join(scratch, 'python-'));
    try {
      const [model, answer] = [join(folder, 'model.onnx'), join(folder, 'answer.json')];
      const probe = examples.x.slice(-PROBES);
      await run(interpreter, { trainer: file, model, answer, probe, ...jobOf(examples, options) }, options.signal);
      const { predictions, environment } = JSON.parse(await readFile(answer, 'utf8')) as Answer;
      return { files: { 'model.onnx': await readFile(model) }, environment, probe: { x: probe, predictions } };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
});

const jobOf = ({ x, y }: Examples, { params, seed }: TrainingOptions) => ({ x, y, params, seed });

async function run(interpreter: string, job: object, signal: AbortSignal): Promise<void> {
  const child = spawn(interpreter, [RUNNER], { stdio: ['pipe', 'ignore', 'pipe'], signal });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = `${errors}${text}`.slice(-10_000);
  });
  // A program that ends early has an exit code.
  child.stdin.on('error', () => undefined);
  child.stdin.end(JSON.stringify(job));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    throw new ModelyardError('invalid_input', `This trainer needs Python with ${PACKAGES}.`);
  });
  if (code === 0) return;
  const last = errors.trim().split('\n').at(-1) ?? '';
  const isMissing = last.startsWith('ModuleNotFoundError');
  const message = isMissing ? `This trainer needs Python with ${PACKAGES}: ${last}` : `The trainer failed: ${last}`;
  throw new ModelyardError('invalid_input', message);
}
