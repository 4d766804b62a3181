import { DelayLimit, type Entry } from '#gateway/delay-limit.ts';

/** Requests for a model of `slots` runs at a time, each of `runMs`, in order of arrival. */
export interface Offer {
  readonly slots: number;
  readonly runMs: number;
  /** Offered requests in relation to the capacity, evenly spread. */
  readonly load: number;
  readonly seconds: number;
  /** The highest limit. */
  readonly max: number;
  /** When the first run begins. @default 0 */
  readonly firstFreeMs?: number;
  /** So many requests at once, when the load has ended and this time has passed. */
  readonly burst?: { readonly afterSeconds: number; readonly requests: number };
}

interface Outcome {
  readonly served: number;
  readonly refused: number;
  readonly refusedOfBurst: number;
  /** Until the last one of the load was served. */
  readonly seconds: number;
  /** Of requests let in during the second half. */
  readonly longestDelayMs: number;
}

interface Leaving {
  readonly at: number;
  readonly entry: Entry;
  readonly delayMs: number;
}

/** Runs requests through a limit and a queue, on simulated time. */
export function simulate({ slots, runMs, load, seconds, max, burst, firstFreeMs = 0 }: Offer): Outcome {
  let now = 0;
  const limit = new DelayLimit({ max, now: () => now });
  const freeAt = Array.from({ length: slots }, () => firstFreeMs);
  const leaving: Leaving[] = [];
  let [served, refused, longestDelayMs] = [0, 0, 0];

  function leaveUntil(until: number): void {
    while (leaving[0] && leaving[0].at <= until) {
      const { at, entry, delayMs } = leaving.shift() as Leaving;
      now = at;
      limit.leave(entry, { delayMs, runMs });
      served += 1;
    }
    now = until;
  }

  function arrive(at: number): boolean {
    leaveUntil(at);
    const entry = limit.enter();
    if (!entry) return false;
    // The slots free themselves in turn, because every run takes the same time.
    const startedAt = Math.max(now, freeAt.shift() ?? 0);
    freeAt.push(startedAt + runMs);
    const delayMs = startedAt - now;
    if (now > seconds * 500) longestDelayMs = Math.max(longestDelayMs, delayMs);
    leaving.push({ at: startedAt + runMs, entry, delayMs });
    return true;
  }

  const everyMs = runMs / slots / load;
  for (let at = 0; at < seconds * 1000; at += everyMs) if (!arrive(at)) refused += 1;
  leaveUntil(Math.max(now, leaving.at(-1)?.at ?? 0));
  const [servedOfLoad, endedAt] = [served, now];
  let refusedOfBurst = 0;
  const burstAt = endedAt + (burst?.afterSeconds ?? 0) * 1000;
  for (let index = 0; index < (burst?.requests ?? 0); index++) if (!arrive(burstAt)) refusedOfBurst += 1;
  return { served: servedOfLoad, refused, refusedOfBurst, seconds: endedAt / 1000, longestDelayMs };
}
