import { type Clock, MAX_STALENESS_MS } from '#core';

interface IdleStopOptions {
  readonly clock: Clock;
  readonly idleMs: number;
  /** Milliseconds since there was last something in hand; 0 while there is. */
  readonly idleForMs: () => number;
  /** Tells the world whether this instance still counts on getting tasks. */
  readonly announce: (state: 'ready' | 'draining') => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * Resolves with true when an instance has been idle for so long that it should stop, with false when
 * `signal` aborts. It says so first and goes on working until everybody who may still count on it has
 * read that: a task that was sent to it in good faith is not left alone.
 */
export async function untilIdle(options: IdleStopOptions): Promise<boolean> {
  const { clock, idleMs, idleForMs, announce, signal } = options;
  while (!signal.aborted) {
    await clock.sleep(Math.max(10, idleMs - idleForMs()), signal);
    if (signal.aborted || idleForMs() < idleMs) continue;
    await announce('draining');
    await clock.sleep(MAX_STALENESS_MS + 1000, signal);
    if (idleForMs() >= idleMs) return !signal.aborted;
    await announce('ready');
  }
  return false;
}
