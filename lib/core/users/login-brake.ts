import { isIPv6 } from 'node:net';
import type { Clock } from '../clock.ts';
import { dropOldest } from '../drop-oldest.ts';
import { ModelyardError } from '../errors.ts';
import type { Usage, UsageLedger } from './usage-ledger.ts';

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
 * five minutes. Names that do not exist count as well, so that the wait does not reveal which names exist. A name at an
 * address from which it has logged in counts by itself, so that nobody can lock it out by failures from elsewhere.
 */
export interface LoginBrake {
  /** Counts an attempt before it is decided, so that many at once do not all pass. Rejects with `too_many_requests`. */
  enter(name: string, address: string): LoginAttempt | Promise<LoginAttempt>;
}

interface LoginAttempt {
  succeeded(): void | Promise<void>;
}

/** The counters of an attempt. That of the name at its address exists after a login, and then is the only one. */
const subjectsOf = (name: string, address: string) => {
  const place = placeOf(address);
  return {
    own: { key: `name ${name} at ${place}`, free: FREE.name },
    name: { key: `name ${name}`, free: FREE.name },
    address: { key: `address ${place}`, free: FREE.address },
  };
};

/** The address, or the network of an IPv6 address, of which one caller has all (RFC 6177). */
function placeOf(address: string): string {
  if (!isIPv6(address) || address.includes('.')) return address;
  const [head = '', tail] = address.split('::').map((part) => part.split(':').filter(Boolean));
  const zeros = tail === undefined ? 0 : 8 - head.length - tail.length;
  const groups = [...head, ...Array<string>(zeros).fill('0'), ...(tail ?? [])];
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}

const isRecent = ({ lastAt }: LoginAttempts, now: number): boolean => now - lastAt < MEMORY_MS;

function waitOf(attempts: LoginAttempts | undefined, free: number, now: number): number {
  if (!attempts || !isRecent(attempts, now) || attempts.count < free) return 0;
  return attempts.lastAt + Math.min(MAX_DELAY_MS, 1000 * 2 ** (attempts.count - free)) - now;
}

function counted(attempts: LoginAttempts | undefined, by: number, now: number): LoginAttempts {
  const count = attempts && isRecent(attempts, now) ? attempts.count : 0;
  return { count: Math.max(0, count + by), lastAt: now };
}

interface Subject {
  readonly key: string;
  readonly free: number;
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
      const { own, ...others } = subjectsOf(name, address);
      const isOwn = known.has(own.key);
      const subjects = isOwn ? [own] : Object.values(others);
      const waitMs = Math.max(...subjects.map(({ key, free }) => waitOf(known.get(key), free, now)));
      if (waitMs > 0) throw tooMany(waitMs);
      for (const { key } of subjects) count(key, 1, now);
      return {
        succeeded() {
          known.delete(own.key);
          known.set(own.key, { count: 0, lastAt: now });
          if (isOwn) return;
          known.delete(others.name.key);
          count(others.address.key, -1, now);
        },
      };
    },
  };
}

/** A brake for all processes that share a store. Attempts are stored under names that no user can have. */
export function createSharedLoginBrake(ledger: UsageLedger, clock: Clock): LoginBrake {
  const owner = (key: string): string => `login ${key}`;

  /** Resolves with undefined, and does not count, for a counter that has to be `known` and is not. */
  function enter({ key, free }: Subject, { known = false } = {}): Promise<number | undefined> {
    return ledger.change<number | undefined>(owner(key), (usage) => {
      const now = clock.now();
      if (known && !usage.attempts) return { usage, result: undefined };
      const waitMs = waitOf(usage.attempts, free, now);
      if (waitMs > 0) return { usage, result: waitMs };
      return { usage: { ...usage, attempts: counted(usage.attempts, 1, now) }, result: 0 };
    });
  }

  return {
    async enter(name, address) {
      const subjects = subjectsOf(name, address);
      const ownWaitMs = await enter(subjects.own, { known: true });
      if (ownWaitMs) throw tooMany(ownWaitMs);
      const isOwn = ownWaitMs !== undefined;
      for (const subject of isOwn ? [] : [subjects.name, subjects.address]) {
        const waitMs = await enter(subject);
        if (waitMs) throw tooMany(waitMs);
      }
      return {
        async succeeded() {
          const now = clock.now();
          const write = ({ key }: Subject, change: (usage: Usage) => Usage) =>
            ledger.change(owner(key), (usage) => ({ usage: change(usage), result: undefined }));
          const ends = [write(subjects.own, () => ({ attempts: { count: 0, lastAt: now } }))];
          if (!isOwn) {
            ends.push(write(subjects.name, () => ({})));
            ends.push(write(subjects.address, ({ attempts }) => ({ attempts: counted(attempts, -1, now) })));
          }
          await Promise.all(ends);
        },
      };
    },
  };
}
