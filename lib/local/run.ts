import type { Logger } from '#core';
import { stopRequests } from '#gateway/stop-requests.ts';
import { GATHER_MS } from '#platform/line-output.ts';
import type { LocalOptions } from './options.ts';
import { runSystem } from './run-system.ts';
import { createTerminal } from './terminal.ts';

/**
 * Runs everything until somebody asks it to stop; resolves with the exit code of the process: 0 after an
 * orderly stop, 1 when it could not start or broke, 130 when it was not given the time to stop in order.
 */
export async function runLocal(options: LocalOptions, environment: NodeJS.ProcessEnv): Promise<number> {
  const terminal = createTerminal({ output: process.stdout, json: options.json, gatherMs: GATHER_MS });
  const logger = terminal.logger('gateway');
  tellWarnings(logger);
  endWithNpm(environment);
  const { stop, abandon } = stopRequests({ process, output: process.stdout });
  stop.addEventListener('abort', () => tellStop(logger, stop.reason));
  const abandoned = new Promise<number>((resolve) => {
    abandon.addEventListener('abort', () => {
      logger.error('Stopping at once; what was in hand is lost.', reasonFields(abandon.reason));
      // Children are killed by the system's own listener to the same signal.
      setImmediate(resolve, 130);
    });
  });
  const orderly = runSystem({ ...options, environment, terminal, stop, abandon }).then(
    () => (stop.reason instanceof Error ? 1 : 0),
    (error: unknown) => {
      tellFailure(error, options, logger);
      return 1;
    },
  );
  const code = await Promise.race([orderly, abandoned]);
  if (code === 0) logger.info('Stopped; nothing is left running.');
  return code;
}

const PARENT_CHECK_MS = 1_000;

/**
 * npm passes signals on, except for the one that kills it. Then this process asks itself to stop, and a second later
 * to stop at once, because nobody could stop it from the terminal any more.
 */
function endWithNpm({ npm_lifecycle_event: npmScript }: NodeJS.ProcessEnv): void {
  if (npmScript === undefined) return;
  const npm = process.ppid;
  const look = () => process.ppid !== npm && process.kill(process.pid, 'SIGTERM');
  setInterval(look, PARENT_CHECK_MS).unref();
}

/** Warnings of Node and of packages are events like any other; what is experimental was chosen knowingly. */
function tellWarnings(logger: Logger): void {
  process.removeAllListeners('warning');
  process.on('warning', ({ name, message }) => {
    if (name === 'ExperimentalWarning') logger.debug(message);
    else logger.warn(message, { name });
  });
}

function tellStop(logger: Logger, reason: unknown): void {
  if (reason instanceof Error) logger.error('The gateway broke and stops.', { error: reason });
  else logger.info(`${reason}: finishing what is in hand; once more stops at once.`);
}

const reasonFields = (reason: unknown) => (reason instanceof Error ? { error: reason } : { signal: reason });

/** People get the sentence alone; programs an event like any other. */
function tellFailure(error: unknown, { json }: LocalOptions, logger: Logger): void {
  const message = error instanceof Error ? error.message : String(error);
  if (json) logger.error(message, { error });
  else process.stderr.write(`${message}\n`);
}
