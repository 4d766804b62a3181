import type { Logger } from '#core';
import { stopRequests } from '#gateway/stop-requests.ts';
import { GATHER_MS } from '#platform/line-output.ts';
import { tracingFromEnvironment } from '#platform/tracing.ts';
import type { LocalOptions } from './options.ts';
import { runSystem } from './run-system.ts';
import { createTerminal } from './terminal.ts';

/**
 * Runs the system until a stop is requested. Resolves with the exit code: 0 after an orderly stop, 1 after a failure,
 * 130 after a forced stop.
 */
export async function runLocal(options: LocalOptions, environment: NodeJS.ProcessEnv): Promise<number> {
  const terminal = createTerminal({ output: process.stdout, json: options.json, gatherMs: GATHER_MS });
  const logger = terminal.logger('gateway');
  logWarnings(logger);
  endWithNpm(environment);
  const { stop, abandon } = stopRequests({ process, output: process.stdout });
  stop.addEventListener('abort', () => logStop(logger, stop.reason));
  const abandoned = new Promise<number>((resolve) => {
    abandon.addEventListener('abort', () => {
      logger.error('Forced stop: current work is lost.', reasonFields(abandon.reason));
      // The system's own listener for the same signal kills the child processes.
      setImmediate(resolve, 130);
    });
  });
  const run = async () => {
    const tracing = await tracingFromEnvironment(environment, { service: 'modelyard-gateway', logger });
    await runSystem({ ...options, environment, terminal, stop, abandon, tracing }).finally(() => tracing?.close());
  };
  const orderly = run().then(
    () => (stop.reason instanceof Error ? 1 : 0),
    (error: unknown) => {
      reportFailure(error, options, logger);
      return 1;
    },
  );
  const code = await Promise.race([orderly, abandoned]);
  if (code === 0) logger.info('Stopped. All processes have ended.');
  return code;
}

const PARENT_CHECK_MS = 1_000;

/**
 * npm forwards all signals except SIGKILL. If npm was killed, this process requests its own stop, and one second later
 * a forced stop, because the terminal cannot signal it any more.
 */
function endWithNpm({ npm_lifecycle_event: npmScript }: NodeJS.ProcessEnv): void {
  if (npmScript === undefined) return;
  const npm = process.ppid;
  const check = () => process.ppid !== npm && process.kill(process.pid, 'SIGTERM');
  setInterval(check, PARENT_CHECK_MS).unref();
}

/** Logs warnings of Node and of packages, except for experimental features. */
function logWarnings(logger: Logger): void {
  process.removeAllListeners('warning');
  process.on('warning', ({ name, message }) => {
    if (name === 'ExperimentalWarning') logger.debug(message);
    else logger.warn(message, { name });
  });
}

function logStop(logger: Logger, reason: unknown): void {
  if (reason instanceof Error) logger.error('The gateway failed and is stopping.', { error: reason });
  else logger.info(`${reason}: stopping after the current work. Repeat to force the stop.`);
}

const reasonFields = (reason: unknown) => (reason instanceof Error ? { error: reason } : { signal: reason });

/** A message for people, an event for programs. */
function reportFailure(error: unknown, { json }: LocalOptions, logger: Logger): void {
  const message = error instanceof Error ? error.message : String(error);
  if (json) logger.error(message, { error });
  else process.stderr.write(`${message}\n`);
}
