import { Command, CommanderError } from 'commander';
import { addInit } from './init/init-command.ts';

/** Where a command writes. Tests read it. */
export interface CliIo {
  readonly output: Pick<NodeJS.WritableStream, 'write'>;
  readonly errors: Pick<NodeJS.WritableStream, 'write'>;
}

/** Adds one verb to the program. Its modules are imported when it runs, so that `--help` is quick. */
type AddVerb = (program: Command, io: CliIo) => void;

/** Every verb of the command line. */
const VERBS: readonly AddVerb[] = [addInit];

/** A wrong argument or option. */
const MISUSE = 2;

/**
 * Runs the command line. Resolves with the exit code: 0, 1 when the command failed and 2 when it was called wrongly.
 * Failures are one sentence on `errors`.
 */
export async function runCli(args: readonly string[], io: CliIo): Promise<number> {
  const program = new Command('modelyard')
    .description('Machine-learning models behind an HTTPS API and a queue.')
    .showHelpAfterError('Try --help.')
    .configureOutput({ writeOut: (text) => io.output.write(text), writeErr: (text) => io.errors.write(text) })
    .exitOverride();
  for (const addVerb of VERBS) addVerb(program, io);
  for (const verb of program.commands) verb.copyInheritedSettings(program);
  try {
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : MISUSE;
    io.errors.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}
