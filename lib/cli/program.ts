import { Command, CommanderError } from 'commander';
import { EXIT, failureOf } from './failures.ts';
import { addInit } from './init/init-command.ts';
import { addGlobalOptions } from './session.ts';
import { addAccount } from './verbs/account.ts';
import { addAdmin } from './verbs/admin.ts';
import { addBatch } from './verbs/batch.ts';
import { addCollection } from './verbs/collection.ts';
import { addCompletion } from './verbs/completion.ts';
import { addDeadLetters } from './verbs/dead-letters.ts';
import { addDoctor } from './verbs/doctor.ts';
import { addLoad } from './verbs/load.ts';
import { addModels } from './verbs/models.ts';
import { addPipelines } from './verbs/pipelines.ts';
import { addPredict } from './verbs/predict.ts';
import { addStart } from './verbs/start.ts';
import { addTasks } from './verbs/tasks.ts';
import { addTypes } from './verbs/types.ts';

/** Where a command reads and writes. Tests read it. */
export interface CliIo {
  readonly input: NodeJS.ReadableStream;
  readonly output: Pick<NodeJS.WritableStream, 'write'>;
  readonly errors: Pick<NodeJS.WritableStream, 'write'>;
  /** Whether a person reads the output: colours and progress. */
  readonly isTerminal: boolean;
  readonly environment: NodeJS.ProcessEnv;
  /** Ends the process, for a system that has stopped. */
  readonly exit: (code: number) => void;
}

/** Adds one verb to the program. Its modules are imported when it runs, so that `--help` is quick. */
export type AddVerb = (program: Command, io: CliIo) => void;

/** Every verb of the command line. */
const VERBS: readonly AddVerb[] = [
  addStart,
  addInit,
  addModels,
  addPredict,
  addTasks,
  addDeadLetters,
  addBatch,
  addLoad,
  addPipelines,
  addTypes,
  addCollection,
  addAccount,
  addAdmin,
  addDoctor,
  addCompletion,
];

/**
 * Runs the command line. Resolves with the exit code: 0, 2 when it was called wrongly, else one of `EXIT`. Failures are
 * one sentence on `errors`, or the text of the API's problem.
 */
export async function runCli(args: readonly string[], io: CliIo): Promise<number> {
  const program = new Command('modelyard')
    .description('Machine-learning models behind an HTTPS API and a queue.')
    .showHelpAfterError('Try --help.')
    .configureOutput({ writeOut: (text) => io.output.write(text), writeErr: (text) => io.errors.write(text) })
    .exitOverride();
  addGlobalOptions(program);
  for (const addVerb of VERBS) addVerb(program, io);
  for (const verb of program.commands) {
    for (const inner of [verb, ...verb.commands]) inner.copyInheritedSettings(program);
  }
  try {
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.misuse;
    const { code, text } = failureOf(error);
    io.errors.write(`${text}\n`);
    return code;
  }
}
