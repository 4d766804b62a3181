import type { Writable } from 'node:stream';

/** Writes lines to an output. */
export interface LineOutput {
  /** `line` without its line break. Urgent lines, and all before them, are written at once. */
  write(line: string, isUrgent: boolean): void;
}

/** How long a busy process gathers lines for one write, where it may. */
export const GATHER_MS = 50;
const MAX_GATHERED_CHARS = 64 * 1024;

/**
 * Writes the first line after a pause at once and gathers those of the next `gatherMs`: every write wakes the reader,
 * which costs more than the line. Lines that are gathered when the process is killed are lost.
 * @default every line is written at once
 */
export function createLineOutput(output: Writable, gatherMs = 0): LineOutput {
  let gathered = '';
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    const lines = gathered;
    gathered = '';
    if (lines !== '') output.write(lines);
  }

  function onTimer(): void {
    timer = gathered === '' ? undefined : setTimeout(onTimer, gatherMs).unref();
    flush();
  }

  if (gatherMs > 0) process.once('exit', flush);
  return {
    write(line, isUrgent) {
      gathered += `${line}\n`;
      if (isUrgent || timer === undefined || gathered.length > MAX_GATHERED_CHARS) flush();
      if (gatherMs > 0) timer ??= setTimeout(onTimer, gatherMs).unref();
    },
  };
}
