import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { type LogEvent, parseLine } from '#gateway/log-event.ts';

export interface InstanceCommand {
  readonly arguments: readonly string[];
  /** The complete environment; nothing is inherited. */
  readonly environment: NodeJS.ProcessEnv;
}

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The most informative line of its output about the exit, if any. */
  readonly lastError?: string;
}

export interface InstanceProcess {
  /** Undefined if the process could not be started. */
  readonly pid: number | undefined;
  /** Resolves when the process has ended and its output was read. Never rejects. */
  readonly exited: Promise<ProcessExit>;
  signal(signal: NodeJS.Signals): void;
}

/** Limit for reading the output after the exit. A child process of the instance may hold it open. */
const OUTPUT_GRACE_MS = 1_000;

/** Starts Node with an IPC channel. Its end tells the instance that this process has ended. */
export function startProcess(command: InstanceCommand, onEvent: (event: LogEvent) => void): InstanceProcess {
  const lastError = createLastError();
  const child = spawn(process.execPath, [...command.arguments], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: command.environment,
  });
  for (const stream of ['stdout', 'stderr'] as const) {
    const output = child[stream];
    if (!output) continue;
    eachLine(output, (line) => {
      const event = parseLine(line, stream, Date.now());
      lastError.note(event, stream);
      onEvent(event);
    });
  }
  const exited = untilExited(child).then((exit) => {
    const why = exit.lastError ?? lastError.read();
    return why === undefined ? exit : { ...exit, lastError: why };
  });
  return { pid: child.pid, exited, signal: (signal) => void child.kill(signal) };
}

function untilExited(child: ChildProcess): Promise<ProcessExit> {
  return new Promise((resolve) => {
    child.on('error', (error) => {
      if (child.pid === undefined) resolve({ code: null, signal: null, lastError: error.message });
    });
    child.once('exit', (code, signal) => {
      const timer = setTimeout(() => resolve({ code, signal }), OUTPUT_GRACE_MS);
      child.once('close', () => {
        clearTimeout(timer);
        resolve({ code, signal });
      });
    });
  });
}

/** The start of a sentence: `Exited with code 1`, `Was killed by SIGKILL`. */
export function exitText({ code, signal }: ProcessExit): string {
  if (signal !== null) return `Was killed by ${signal}`;
  return code === null ? 'Could not be started' : `Exited with code ${code}`;
}

/** Selects the line of the output that best explains the exit. */
interface LastError {
  note(event: LogEvent, stream: 'stdout' | 'stderr'): void;
  read(): string | undefined;
}

const NAMED_ERROR = /^(?:Uncaught )?[\w$.]*(?:Error|Exception|InvalidInput)\b/;
/** Lines that Node prints around an uncaught error: source, stack, properties, version. */
const NOISE = /^\s|^Node\.js v|^[{}]|:\d+$/;

/** An error event has priority over stderr. In a stack trace, the line with the error name has priority. */
function createLastError(): LastError {
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

/** Calls `onLine` with each non-empty line of a stream, including a last line without a line break. */
export function eachLine(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  // `node:readline` also splits at U+2028, which JSON does not escape.
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
