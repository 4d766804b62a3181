import { pino, stdSerializers } from 'pino';
import type { LogFields, Logger } from '#core';

/** Logs one JSON object per line on standard output: `level`, `time` (ISO 8601), `message`, and the fields. */
export function createJsonLogger(base: LogFields): Logger {
  const log = pino({
    base,
    messageKey: 'message',
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { error: stdSerializers.err },
    formatters: { level: (level) => ({ level }) },
  });
  return {
    debug: (message, fields) => log.debug(fields ?? {}, message),
    info: (message, fields) => log.info(fields ?? {}, message),
    warn: (message, fields) => log.warn(fields ?? {}, message),
    error: (message, fields) => log.error(fields ?? {}, message),
  };
}
