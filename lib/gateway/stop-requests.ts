import type { EventEmitter } from 'node:events';
import type { Writable } from 'node:stream';

/** Requests to stop the process. */
export interface StopRequests {
  /** Aborts at the first request. The reason is a signal name or the uncaught error. */
  readonly stop: AbortSignal;
  /** Aborts at the second request: stop at once. */
  readonly abandon: AbortSignal;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** npm forwards Ctrl-C to a process that has already received it. A second request within this time is ignored. */
const ECHO_MS = 200;

export interface StopSources {
  readonly process: EventEmitter;
  /** The log output. An error means that its reader is closed. */
  readonly output: Pick<Writable, 'on'>;
  /** In milliseconds. @default the time of this process */
  readonly now?: () => number;
}

/** The first request lets current work finish, the second one does not. */
export function stopRequests({ process, output, now = () => performance.now() }: StopSources): StopRequests {
  const stop = new AbortController();
  const abandon = new AbortController();
  let firstAt = 0;
  const ask = (reason: unknown) => {
    if (!stop.signal.aborted) {
      firstAt = now();
      stop.abort(reason);
    } else if (reason !== stop.signal.reason || now() - firstAt > ECHO_MS) abandon.abort(reason);
  };
  for (const signal of SIGNALS) process.on(signal, () => ask(signal));
  process.on('uncaughtException', ask);
  output.on('error', () => {
    if (!stop.signal.aborted) ask('The output was closed');
  });
  return { stop: stop.signal, abandon: abandon.signal };
}
