import type { Readable } from 'node:stream';

/** Calls back with each line of a stream, the unfinished last one included. Empty lines are skipped. */
export function eachLine(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  // `node:readline` would also split at U+2028, which JSON leaves unescaped inside strings.
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split(/\r?\n/);
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') onLine(line);
  });
  stream.on('end', () => {
    if (rest !== '') onLine(rest);
  });
}
