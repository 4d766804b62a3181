import { Misuse } from '../arguments.ts';
import type { AddVerb } from '../program.ts';

/** `start`: what `npm start` does. */
export const addStart: AddVerb = (program, io) => {
  program
    .command('start')
    .argument('[options...]', 'those of npm start: `modelyard start -- --help` lists them')
    .action(async (options: readonly string[]) => {
      const { parseOptions } = await import('#local/options.ts');
      const parsed = parseOptions(options);
      if ('help' in parsed) return void io.output.write(parsed.help);
      if ('fault' in parsed) throw new Misuse(parsed.fault);
      const { runLocal } = await import('#local/run.ts');
      io.exit(await runLocal(parsed.start, io.environment));
    });
};
