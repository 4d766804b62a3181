import type { Clock } from '../clock.ts';
import { dropOldest } from '../drop-oldest.ts';
import { ModelyardError } from '../errors.ts';
import type { UsageLedger } from './usage-ledger.ts';

/** Attempts without a success after which the next ones have to wait. */
const FREE = { name: 10, address: 50 } as const;
const MAX_DELAY_MS = 300_000;
/** Attempts are forgotten after this long. */
const MEMORY_MS = 900_000;
/** Names and addresses that a process remembers. */
const MAX_ENTRIES = 20_000;

/** Failed and pending attempts to log in. */
export interface LoginAttempts {
  readonly count: number;
  /** Unix milliseconds. */
  readonly lastAt: number;
}

/**
 * Slows down guessing: after some attempts of one name, or from one address, each further one doubles the wait, up to
 * five minutes. Names that do not exist count as well, so that the wait does not reveal which names exist.
 */
export interface LoginBrake {
  /** Counts an attempt before it is decided, so that many at once do not all pass. Rejects with `too_many_requests`. */
  enter(name: string, address: string): LoginAttempt | Promise<LoginAttempt>;
}

interface LoginAttempt {
  succeeded(): void | Promise<void>;
}

/** The counters of an attempt: name and address. */
const subjectsOf = (name: string, address: string) => [
  { key: `name ${name}`, free: FREE.name },
  { key: `address ${address}`, free: FREE.address },
];

const isRecent = ({ lastAt }: LoginAttempts, now: number): boolean => now - lastAt < MEMORY_MS;

function waitOf(attempts: LoginAttempts | undefined, free: number, now: number): number {
  if (!attempts || !isRecent(attempts, now) || attempts.count < free) return 0;
  return attempts.lastAt + Math.min(MAX_DELAY_MS, 1000 * 2 ** (attempts.count - free)) - now;
}

function counted(attempts: LoginAttempts | undefined, by: number, now: number): LoginAttempts {
  const count = attempts && isRecent(attempts, now) ? attempts.count : 0;
  return { count: Math.max(0, count + by), lastAt: now };
}

const tooMany = (waitMs: number): ModelyardError =>
  new ModelyardError('too_many_requests', 'Too many attempts to log in. Retry later.', {
    retryAfterSeconds: Math.ceil(waitMs / 1000),
  });

/** A brake for a single process. */
export function createLoginBrake(clock: Clock) {
  const known = new Map<string, LoginAttempts>();

  function count(key: string, by: number, now: number): void {
    const attempts = counted(known.get(key), by, now);
    known.delete(key);
    known.set(key, attempts);
    dropOldest(known, MAX_ENTRIES);
  }

  return {
    enter(name: string, address: string) {
      const now = clock.now();
      const subjects = subjectsOf(name, address);
      const waitMs = Math.max(...subjects.map(({ key, free }) => waitOf(known.get(key), free, now)));
      if (waitMs > 0) throw tooMany(waitMs);
      for (const { key } of subjects) count(key, 1, now);
      return {
        succeeded() {
          known.delete(`name ${name}`);
          count(`address ${address}`, -1, now);
        },
      };
    },
  };
}

/** A brake for all processes that share a store. Attempts are stored under names that no user can have. */
export function createSharedLoginBrake(ledger: UsageLedger, clock: Clock): LoginBrake {
  const owner = (key: string): string => `login ${key}`;

  function enter(key: string, free: number): Promise<number> {
    return ledger.change(owner(key), (usage) => {
      const now = clock.now();
      const waitMs = waitOf(usage.attempts, free, now);
      if (waitMs > 0) return { usage, result: waitMs };
      return { usage: { ...usage, attempts: counted(usage.attempts, 1, now) }, result: 0 };
    });
  }

  return {
    async enter(name, address) {
      for (const { key, free } of subjectsOf(name, address)) {
        const waitMs = await enter(key, free);
        if (waitMs > 0) throw tooMany(waitMs);
      }
      return {
        async succeeded() {
          const now = clock.now();
          await Promise.all([
            ledger.change(owner(`name ${name}`), () => ({ usage: {}, result: undefined })),
            ledger.change(owner(`address ${address}`), (usage) => ({
              usage: { ...usage, attempts: counted(usage.attempts, -1, now) },
              result: undefined,
            })),
          ]);
        },
      };
    },
  };
}
