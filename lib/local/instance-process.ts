import { type ChildProcess, spawn } from 'node:child_process';
import { type LogEvent, parseLine } from '#gateway/log-event.ts';
import { eachLine } from './each-line.ts';
import { createLastError } from './last-error.ts';

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
