import { createInterface } from 'node:readline';
import { Stopped } from './arguments.ts';
import type { CliIo } from './program.ts';

/** Reads a line. On a terminal it asks, and does not show a secret. Rejects with `Stopped` after Ctrl-C. */
export function ask({ input, errors, isTerminal }: CliIo, question: string, isSecret = false): Promise<string> {
  const output = isTerminal && !isSecret ? (errors as NodeJS.WritableStream) : undefined;
  const reader = createInterface({ input, terminal: isTerminal, ...(output ? { output } : {}) });
  // After the terminal has stopped echoing, which the reader sees to.
  if (isTerminal) errors.write(question);
  return new Promise((resolve, reject) => {
    // Only on a terminal, which sends no signal while a line is read.
    reader.once('SIGINT', () => {
      reject(new Stopped('\nStopped.'));
      reader.close();
    });
    reader.once('close', () => reject(new Error('Nothing was entered.')));
    reader.once('line', (line) => {
      resolve(line.trim());
      reader.close();
      if (isTerminal && isSecret) errors.write('\n');
    });
  });
}
