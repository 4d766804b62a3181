import type { LogFields } from '../logger.ts';

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
