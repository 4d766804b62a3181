import type { Clock } from '../clock.ts';
import { dropOldest } from '../drop-oldest.ts';
import { ModelyardError } from '../errors.ts';
import type { UserLimits } from './limits.ts';
import type { Usage, UsageLedger } from './usage-ledger.ts';

/** A user with a rate. */
export interface RatedCaller {
  readonly id: string;
  readonly limits?: UserLimits;
}

export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** Tokens that this process has taken from the user's bucket and not used. */
interface Share {
  tokens: number;
  validUntil: number;
  /** The bucket is empty until then. */
  refusedUntil: number;
}

const MAX_USERS = 10_000;
/** The part of a burst that one process takes at once, so that most requests need no store. */
const SHARE = 0.05;
/** Unused tokens of a process expire after this time, because the bucket has refilled meanwhile. */
const SHARE_MS = 1000;

/**
 * Limits requests per second with a token bucket per user, which all processes share. Each process takes small shares
 * of it, so together they never exceed the limit. A user whose requests are spread over many processes may get less.
 */
export class RequestLimit {
  readonly #ledger: UsageLedger;
  readonly #clock: Clock;
  readonly #shares = new Map<string, Share>();

  constructor(ledger: UsageLedger, clock: Clock) {
    this.#ledger = ledger;
    this.#clock = clock;
  }

  /** Rejects with `too_many_requests`. Lets requests through while the store cannot be reached. */
  async enter({ id, limits = {} }: RatedCaller): Promise<void> {
    const rate = rateOf(limits);
    if (!rate) return;
    const share = this.#shareOf(id);
    const now = this.#clock.now();
    if (share.refusedUntil > now) throw tooManyRequests(rate, share.refusedUntil - now);
    if (share.validUntil <= now) share.tokens = 0;
    while (share.tokens < 1) {
      const { granted, waitMs } = await this.#take(id, rate);
      if (granted === 0) {
        share.refusedUntil = now + waitMs;
        throw tooManyRequests(rate, waitMs);
      }
      share.tokens += granted;
      share.validUntil = this.#clock.now() + SHARE_MS;
    }
    share.tokens -= 1;
  }

  async #take(owner: string, rate: Rate): Promise<Granted> {
    const wanted = Math.max(1, Math.floor(rate.burst * SHARE));
    try {
      return await this.#ledger.change(owner, (usage) => takeTokens(usage, rate, wanted, this.#clock.now()));
    } catch {
      // Recovery: authenticated callers are served without a limit.
      return { granted: 1, waitMs: 0 };
    }
  }

  #shareOf(id: string): Share {
    const known = this.#shares.get(id);
    if (known) return known;
    const share = { tokens: 0, validUntil: 0, refusedUntil: 0 };
    this.#shares.set(id, share);
    dropOldest(this.#shares, MAX_USERS);
    return share;
  }
}

/** Undefined for a caller without a limit. */
export function rateOf({ requestsPerSecond: perSecond, burst }: UserLimits): Rate | undefined {
  return perSecond === undefined ? undefined : { perSecond, burst: burst ?? perSecond };
}

interface Granted {
  readonly granted: number;
  /** Milliseconds until there is a token again. */
  readonly waitMs: number;
}

/** Takes up to `wanted` tokens of the user's bucket. */
function takeTokens(usage: Usage, { perSecond, burst }: Rate, wanted: number, now: number) {
  const { tokens = burst, tokensAt = now } = usage;
  const refilled = Math.min(burst, tokens + (Math.max(0, now - tokensAt) * perSecond) / 1000);
  const granted = Math.min(wanted, Math.floor(refilled));
  if (granted === 0) return { usage, result: { granted, waitMs: ((1 - refilled) / perSecond) * 1000 } };
  const left = { tokens: refilled - granted, tokensAt: Math.max(now, tokensAt) };
  return { usage: { ...usage, ...left }, result: { granted, waitMs: 0 } };
}

export const tooManyRequests = ({ perSecond, burst }: Rate, waitMs: number): ModelyardError =>
  new ModelyardError('too_many_requests', `At most ${perSecond} requests per second are allowed.`, {
    retryable: true,
    retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)),
    quota: { name: 'requests', limit: burst, windowSeconds: Math.max(1, Math.ceil(burst / perSecond)) },
  });
