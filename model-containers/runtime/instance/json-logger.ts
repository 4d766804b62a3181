import { pino, stdSerializers } from 'pino';
import type { LogFields, Logger } from '#core';
import { createLineOutput } from '#platform/line-output.ts';

/** Makes pino pass the level of each line to the destination. */
const PASS_LEVEL = Symbol.for('pino.metadata');
const WARN = pino.levels.values.warn ?? 0;

/**
 * Writes one JSON object per line to standard output: `level`, `time` (ISO 8601), `message` and the fields. For
 * `gatherMs`, see `createLineOutput`.
 */
export function createJsonLogger(base: LogFields, gatherMs?: number): Logger {
  const lines = createLineOutput(process.stdout, gatherMs);
  const destination = {
    [PASS_LEVEL]: true,
    lastLevel: 0,
    write: (line: string) => lines.write(line.slice(0, -1), destination.lastLevel >= WARN),
  };
  const options = {
    base,
    messageKey: 'message',
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { error: stdSerializers.err },
    formatters: { level: (level: string) => ({ level }) },
  };
  const log = pino(options, destination);
  return {
    debug: (message, fields) => log.debug(fields ?? {}, message),
    info: (message, fields) => log.info(fields ?? {}, message),
    warn: (message, fields) => log.warn(fields ?? {}, message),
    error: (message, fields) => log.error(fields ?? {}, message),
  };
}
