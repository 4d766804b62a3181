import type { Writable } from 'node:stream';
import type { LogFields, Logger } from '#core';
import { createLineOutput } from '#platform/line-output.ts';

const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** An event of the gateway or an instance. */
export interface LogEvent {
  readonly level: LogLevel;
  /** Unix milliseconds. */
  readonly time: number;
  readonly message: string;
  readonly fields: LogFields;
}

/** Parses a line of an instance. A line that is not an event becomes the message. */
export function parseLine(line: string, stream: 'stdout' | 'stderr', now: number): LogEvent {
  const record = asRecord(line);
  if (!record) return { level: stream === 'stderr' ? 'warn' : 'info', time: now, message: line, fields: {} };

  const { level, time, message, ...fields } = record;
  return { level: toLevel(level), time: toTime(time) ?? now, message: record.message, fields };
}

function asRecord(line: string): (Record<string, unknown> & { message: string }) | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value = JSON.parse(line) as Record<string, unknown>;
    return typeof value.message === 'string' ? { ...value, message: value.message } : undefined;
  } catch {
    // Recovery: treat it as text.
    return undefined;
  }
}

const toLevel = (value: unknown): LogLevel =>
  LOG_LEVELS.find((level) => level === String(value).toLowerCase()) ?? 'info';

function toTime(value: unknown): number | undefined {
  const time = typeof value === 'string' ? Date.parse(value) : value;
  return typeof time === 'number' && Number.isFinite(time) ? time : undefined;
}

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
