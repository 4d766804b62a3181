import type { EventEmitter } from 'node:events';

/** What the outside asks of the process that runs everything. */
export interface StopRequests {
  /** Aborts with the first request; its reason names who asked: a signal, or the error that nobody caught. */
  readonly stop: AbortSignal;
  /** Aborts with the second: stop at once, whatever is in hand. */
  readonly abandon: AbortSignal;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Ctrl-C, its like, and errors that nobody caught. The first lets the work in hand finish, the second does not. */
export function stopRequests(source: EventEmitter): StopRequests {
  const stop = new AbortController();
  const abandon = new AbortController();
  const ask = (reason: unknown) => (stop.signal.aborted ? abandon : stop).abort(reason);
  for (const signal of SIGNALS) source.on(signal, () => ask(signal));
  source.on('uncaughtException', ask);
  return { stop: stop.signal, abandon: abandon.signal };
}
