import type { EventEmitter } from 'node:events';
import type { Writable } from 'node:stream';

/** What the outside asks of the process that runs everything. */
export interface StopRequests {
  /** Aborts with the first request; its reason names who asked: a signal, or the error that nobody caught. */
  readonly stop: AbortSignal;
  /** Aborts with the second: stop at once, whatever is in hand. */
  readonly abandon: AbortSignal;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** npm passes Ctrl-C on to a process that has heard it from the terminal already. No second thought comes this soon. */
const ECHO_MS = 200;

export interface StopSources {
  /** Of the signals and of errors that nobody caught. */
  readonly process: EventEmitter;
  /** Where the log goes; whoever closes it has seen enough. */
  readonly output: Pick<Writable, 'on'>;
  /** In milliseconds. @default the time of this process */
  readonly now?: () => number;
}

/** Ctrl-C and its like. The first lets the work in hand finish, the second does not. */
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
