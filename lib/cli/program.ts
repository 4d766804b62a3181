import { readFile } from 'node:fs/promises';
import { Command, CommanderError } from 'commander';
import { EXIT } from './exit-codes.ts';
import { addGlobalOptions } from './session.ts';
import { VERBS, type Verb } from './verbs.ts';

/** Where a command reads and writes. Tests read it. */
export interface CliIo {
  readonly input: NodeJS.ReadableStream;
  readonly output: Pick<NodeJS.WritableStream, 'write'>;
  readonly errors: Pick<NodeJS.WritableStream, 'write'>;
  /** Whether a person reads the output: colours and progress. */
  readonly isTerminal: boolean;
  /** Width of the terminal. 0: unknown, or no terminal. */
  readonly columns: number;
  readonly environment: NodeJS.ProcessEnv;
  /** Ends the process, for a system that has stopped. */
  readonly exit: (code: number) => void;
}

/** Adds one verb to the program. Its modules are imported when it runs, so that `--help` is quick. */
export type AddVerb = (program: Command, io: CliIo) => void;

/**
 * Runs the command line. Resolves with the exit code: 0, 2 when it was called wrongly, else one of `EXIT`. Failures are
 * one sentence on `errors`, or the text of the API's problem.
 */
export async function runCli(args: readonly string[], io: CliIo): Promise<number> {
  const program = await programFor(args, io);
  try {
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.misuse;
    const { failureOf } = await import('./failures.ts');
    const { code, text } = failureOf(error);
    io.errors.write(`${text}\n`);
    return code;
  }
}

/** The program with all of the verbs that `args` name, and the names of the others. */
async function programFor(args: readonly string[], io: CliIo): Promise<Command> {
  const program = new Command('modelyard')
    .description('Machine-learning models behind an HTTPS API and a queue.')
    .showHelpAfterError('Try --help.')
    .configureOutput({ writeOut: (text) => io.output.write(text), writeErr: (text) => io.errors.write(text) })
    .exitOverride();
  if (args.includes('--version') || args.includes('-V')) program.version(await version());
  else program.option('-V, --version', 'prints the version');
  addGlobalOptions(program);
  const isAsked = ({ name }: Verb) => args.includes(name) || args.includes('completion');
  const loaded = await Promise.all(VERBS.map(async (verb) => (isAsked(verb) ? verb.load() : undefined)));
  const added = new Set(loaded);
  for (const addVerb of added) addVerb?.(program, io);
  for (const { name, about } of VERBS) {
    const verb = program.commands.find((command) => command.name() === name) ?? program.command(name);
    verb.summary(about);
    if (verb.description() === '') verb.description(about);
  }
  for (const verb of program.commands) {
    for (const inner of [verb, ...verb.commands]) inner.copyInheritedSettings(program);
  }
  program.configureHelp({ visibleCommands: () => inOrder(program) });
  return program;
}

const inOrder = ({ commands }: Command): Command[] =>
  VERBS.flatMap(({ name }) => commands.find((command) => command.name() === name) ?? []);

async function version(): Promise<string> {
  // One folder up in the published package.
  const paths = ['../../package.json', '../package.json'].map((path) => new URL(path, import.meta.url));
  const texts = await Promise.all(paths.map((path) => readFile(path, 'utf8').catch(() => '{}')));
  const own = texts.map((text) => JSON.parse(text) as { readonly name?: string; readonly version: string });
  return own.find(({ name }) => name === 'modelyard')?.version ?? 'unknown';
}
