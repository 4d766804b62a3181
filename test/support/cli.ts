import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { NODE_ENVIRONMENT } from './node-environment.ts';

export const ENTRY = fileURLToPath(new URL('../../bin/modelyard.ts', import.meta.url));

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface CliRun {
  readonly environment: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Typed one by one, each after a question. */
  readonly answers?: readonly string[];
}

/** Runs a program until it has ended. */
export const run = (program: string, args: readonly string[], { environment, input = '', answers = [] }: CliRun) =>
  new Promise<Ended>((resolve) => {
    const env = { ...NODE_ENVIRONMENT, ...environment };
    const child = execFile(program, args, { env, timeout: 60_000 }, (error, out, err) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, out, err }),
    );
    // A command that reads nothing may have ended before.
    child.stdin?.on('error', () => undefined);
    if (answers.length === 0) child.stdin?.end(input);
    const open = [...answers];
    child.stdout?.on('data', (text: string) => {
      if (open.length > 0 && stripVTControlCharacters(text).endsWith(': ')) child.stdin?.write(`${open.shift()}\n`);
    });
  });

/** Runs the command line without a terminal. */
export const modelyard = (args: readonly string[], options: CliRun) => run(process.execPath, [ENTRY, ...args], options);

/** Runs it in a pseudo-terminal, and types. Both outputs are one. */
export const onTerminal = (args: readonly string[], options: CliRun) => {
  const words = [process.execPath, ENTRY, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  return run('script', ['-qec', words.join(' '), '/dev/null'], options);
};
