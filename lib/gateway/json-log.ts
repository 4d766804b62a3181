import type { Writable } from 'node:stream';
import type { LogFields, Logger } from '#core';
import { type LogEvent, type LogLevel, plainFields } from './log-event.ts';

/** One event as one line of JSON, without the line break. */
export const toJsonLine = (source: string, { level, time, message, fields }: LogEvent): string =>
  JSON.stringify({ level, time: new Date(time).toISOString(), source, message, ...fields });

export function createEventLogger(emit: (event: LogEvent) => void): Logger {
  const at =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}) =>
      emit({ level, time: Date.now(), message, fields: plainFields(fields) });
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** Writes one JSON object per line, without debug events. */
export function createJsonLog(source: string, output: Writable): Logger {
  // A closed output must not end the process.
  output.on('error', () => undefined);
  return createEventLogger((event) => {
    if (event.level !== 'debug') output.write(`${toJsonLine(source, event)}\n`);
  });
}
