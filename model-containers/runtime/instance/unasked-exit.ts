import type { Logger } from '#core';

/**
 * Whoever starts instances takes exit code 0 for one that is not wanted any more. A model, or a library of its, that
 * ends the process with it becomes a failure. Returns what to call when the end is in order.
 */
export function unaskedExit(process: Pick<NodeJS.Process, 'once' | 'exitCode'>, logger: Logger): () => void {
  let isOver = false;
  process.once('exit', (code) => {
    if (isOver || code !== 0) return;
    logger.error('Something in the model ended the process.');
    process.exitCode = 1;
  });
  return () => {
    isOver = true;
  };
}
