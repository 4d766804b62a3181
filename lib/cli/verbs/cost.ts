import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { Misuse } from '../arguments.ts';
import type { AddVerb } from '../program.ts';

const SCRIPT = fileURLToPath(new URL('../../../scripts/cost.ts', import.meta.url));

interface CostOptions {
  readonly predictions: string;
  readonly ms: string;
}

/** `cost`: what `npm run cost` prints. */
export const addCost: AddVerb = (program, io) => {
  program
    .command('cost')
    .option('--predictions <number>', 'how many', '1000000')
    .option('--ms <number>', 'run time of the model per prediction', '100')
    .action(async ({ predictions, ms }: CostOptions, command: Command) => {
      const { json = false } = command.optsWithGlobals<{ json?: boolean }>();
      const args = ['--predictions', predictions, '--ms', ms, ...(json ? ['--json'] : [])];
      // A process of its own, because prices are a part of the development scripts.
      const child = spawn(process.execPath, [SCRIPT, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
      child.stdout.on('data', (bytes: Buffer) => io.output.write(bytes));
      const [complaint, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
      if (code !== 0) throw new Misuse(complaint.trim());
    });
};
