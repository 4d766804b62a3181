import type { Clock } from '../clock.ts';
import { ModelyardError } from '../errors.ts';

/** Attempts without a success after which the next ones have to wait. */
const FREE = { name: 10, address: 50 } as const;
const MAX_DELAY_MS = 300_000;
/** Attempts are forgotten after this long. */
const MEMORY_MS = 900_000;
/** Names and addresses that are remembered. */
const MAX_ENTRIES = 20_000;

interface Attempts {
  readonly count: number;
  readonly lastAt: number;
}

/**
 * Slows down guessing: after some attempts of one name, or from one address, each further one doubles the wait, up to
 * five minutes. Names that do not exist count as well, so that nobody learns which do. Each process counts for itself.
 */
export function createLoginBrake(clock: Clock) {
  const known = new Map<string, Attempts>();

  function recent(key: string, now: number): Attempts | undefined {
    const attempts = known.get(key);
    return attempts && now - attempts.lastAt < MEMORY_MS ? attempts : undefined;
  }

  function count(key: string, by: number, now: number): void {
    const attempts = recent(key, now);
    known.delete(key);
    known.set(key, { count: Math.max(0, (attempts?.count ?? 0) + by), lastAt: now });
    const oldest = known.keys().next();
    if (known.size > MAX_ENTRIES && !oldest.done) known.delete(oldest.value);
  }

  return {
    /** Counts an attempt before it is decided, so that many at once do not all pass. Throws `too_many_requests`. */
    enter(name: string, address: string): { succeeded(): void } {
      const now = clock.now();
      const keys = [
        { key: `name ${name}`, free: FREE.name },
        { key: `address ${address}`, free: FREE.address },
      ];
      const waits = keys.map(({ key, free }) => {
        const attempts = recent(key, now);
        if (!attempts || attempts.count < free) return 0;
        return attempts.lastAt + Math.min(MAX_DELAY_MS, 1000 * 2 ** (attempts.count - free)) - now;
      });
      const waitMs = Math.max(...waits);
      if (waitMs > 0) {
        throw new ModelyardError('too_many_requests', 'Too many attempts to log in. Retry later.', {
          retryAfterSeconds: Math.ceil(waitMs / 1000),
        });
      }
      for (const { key } of keys) count(key, 1, now);
      return {
        succeeded() {
          known.delete(`name ${name}`);
          count(`address ${address}`, -1, now);
        },
      };
    },
  };
}
