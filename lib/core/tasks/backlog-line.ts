import type { Clock } from '../clock.ts';
import type { LineWait } from './backlog-places.ts';

/** Submits that wait for room, in the order of their arrival. */
export interface Line {
  readonly isEmpty: boolean;
  /** Tries when all before have left the line, until it succeeds or the time is over. Resolves with whether it did. */
  wait(tryOnce: () => Promise<boolean>, wait: LineWait): Promise<boolean>;
}

/** More are refused at once: each has a connection open. */
const MAX_IN_LINE = 1000;

/** The waiting list of a model in one process. */
export function createLine(clock: Clock, pollMs: number): Line {
  let last: Promise<void> = Promise.resolve();
  let count = 0;

  async function untilIn(tryOnce: () => Promise<boolean>, until: number, signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      if (await tryOnce()) return true;
      const leftMs = until - clock.now();
      if (leftMs <= 0) return false;
      await clock.sleep(Math.min(pollMs, leftMs), signal);
    }
    return false;
  }

  return {
    get isEmpty() {
      return count === 0;
    },
    async wait(tryOnce, { seconds, signal }) {
      if (count >= MAX_IN_LINE) return false;
      const until = clock.now() + seconds * 1000;
      const before = last;
      const left = Promise.withResolvers<void>();
      last = left.promise;
      count += 1;
      const over = new AbortController();
      try {
        if (count > 1) {
          const ended = clock.sleep(seconds * 1000, AbortSignal.any([signal, over.signal])).then(() => 'over');
          if ((await Promise.race([before, ended])) === 'over') return false;
        }
        return await untilIn(tryOnce, until, signal);
      } finally {
        over.abort();
        count -= 1;
        // Those behind may be next only when those before have left, too.
        void before.then(left.resolve);
      }
    },
  };
}
