import type { Writable } from 'node:stream';
import type { LogEvent, LogFields, Logger, LogLevel } from '#core';
import { createLineOutput } from '#platform/line-output.ts';

export { type LogEvent, type LogLevel, parseLine } from '#core';

/** Makes fields serializable: errors become name, message and code. */
function plainFields(fields: LogFields): LogFields {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, plain(value)]));
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (!(value instanceof Error)) return value;
  const code = 'code' in value ? { code: value.code } : {};
  return { name: value.name, message: value.message, ...code, stack: value.stack };
}

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
export function createJsonLog(source: string, output: Writable, gatherMs?: number): Logger {
  const lines = createLineOutput(output, gatherMs);
  // A closed output must not end the process.
  output.on('error', () => undefined);
  return createEventLogger((event) => {
    if (event.level !== 'debug') lines.write(toJsonLine(source, event), event.level !== 'info');
  });
}
