import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { type LogEvent, parseLine } from '#gateway/log-event.ts';

/** How to start one instance. */
export interface InstanceCommand {
  readonly arguments: readonly string[];
  /** All of it: nothing is inherited. */
  readonly environment: NodeJS.ProcessEnv;
}

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The line that best says why, when there is one. */
  readonly lastError?: string;
}

export interface InstanceProcess {
  /** Undefined when it could not be started. */
  readonly pid: number | undefined;
  /** Resolves, never rejects, when the process is gone and all it said was told. */
  readonly exited: Promise<ProcessExit>;
  signal(signal: NodeJS.Signals): void;
}

/** A grandchild may hold the output open after the instance is gone; nobody waits longer for it. */
const OUTPUT_GRACE_MS = 1_000;

/** Starts Node with an IPC channel, whose end tells the instance that this process is gone. */
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
  const exited = untilGone(child).then((exit) => {
    const why = exit.lastError ?? lastError.read();
    return why === undefined ? exit : { ...exit, lastError: why };
  });
  return { pid: child.pid, exited, signal: (signal) => void child.kill(signal) };
}

function untilGone(child: ChildProcess): Promise<ProcessExit> {
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

/** The beginning of a sentence: `Exited with code 1`, `Was killed by SIGKILL`. */
export function exitText({ code, signal }: ProcessExit): string {
  if (signal !== null) return `Was killed by ${signal}`;
  return code === null ? 'Could not be started' : `Exited with code ${code}`;
}

/** Remembers the line that best says why a process is about to end. */
interface LastError {
  note(event: LogEvent, stream: 'stdout' | 'stderr'): void;
  read(): string | undefined;
}

const NAMED_ERROR = /^(?:Uncaught )?[\w$.]*(?:Error|Exception|InvalidInput)\b/;
/** What Node prints around an uncaught error: source excerpt, stack, properties, its own version. */
const NOISE = /^\s|^Node\.js v|^[{}]|:\d+$/;

/** An error event wins over stderr text; in a stack trace the line that names the error wins. */
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
