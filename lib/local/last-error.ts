import type { LogEvent } from '#gateway/log-event.ts';

/** Remembers the line that best says why a process is about to end. */
export interface LastError {
  note(event: LogEvent, stream: 'stdout' | 'stderr'): void;
  read(): string | undefined;
}

const NAMED_ERROR = /^(?:Uncaught )?[\w$.]*(?:Error|Exception|InvalidInput)\b/;
/** What Node prints around an uncaught error: source excerpt, stack, properties, its own version. */
const NOISE = /^\s|^Node\.js v|^[{}]|:\d+$/;

/** An error event wins over stderr text; in a stack trace the line that names the error wins. */
export function createLastError(): LastError {
  let event: string | undefined;
  let named: string | undefined;
  let text: string | undefined;
  return {
    note(line, stream) {
      if (line.level === 'error') event = withReason(line);
      else if (stream === 'stdout') return;
      else if (NAMED_ERROR.test(line.message)) named = line.message;
      else if (!NOISE.test(line.message)) text = line.message;
    },
    read: () => event ?? named ?? text,
  };
}

function withReason({ message, fields }: LogEvent): string {
  const { error, reason } = fields;
  const detail = typeof error === 'object' && error !== null && 'message' in error ? error.message : (error ?? reason);
  return typeof detail === 'string' && !message.includes(detail) ? `${message}: ${detail}` : message;
}
