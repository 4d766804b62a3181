import { GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { dropOldest, type RatedCaller, rateOf, tooManyRequests } from '#core';
import { N } from '../attributes.ts';
import { conditionalWrite, translated } from '../errors.ts';
import { CALLS_TABLE } from '../resources.ts';
import type { DynamoMeterOptions } from './dynamo-task-quota.ts';
import { usageKey, usageTtl } from './usage-rows.ts';

interface RequestLimitOptions extends DynamoMeterOptions {
  /** From 0 to 1. @default `Math.random` */
  readonly random?: () => number;
}

interface Caller {
  /** The bucket is empty until then. */
  refusedUntil: number;
  /** Every request is counted until then, because the user is at the limit. */
  strictUntil: number;
  /** The last known value. */
  fullAt: number;
}

const MAX_CALLERS = 10_000;
/** One request in `burst / 200` is counted, as that many. With 100 functions at once, that is half a burst. */
const COUNTED_OF_BURST = 200;
const STRICT_MS = 10_000;

/**
 * Limits requests per second with one bucket per user, which all functions share. Of a large burst, a sample is
 * counted, which costs a fifth of a write per request; a function that has met the limit counts every request. The
 * limit may be exceeded until all functions have met it: at most by the number of concurrent functions, times the size
 * of a sample.
 */
export class DynamoRequestLimit {
  readonly #options: RequestLimitOptions;
  readonly #callers = new Map<string, Caller>();

  constructor(options: RequestLimitOptions) {
    this.#options = options;
  }

  /** Rejects with `too_many_requests`. Lets requests through while the store cannot be reached. */
  async enter({ id, limits = {} }: RatedCaller): Promise<void> {
    const rate = rateOf(limits);
    if (!rate) return;
    const { clock, random = Math.random } = this.#options;
    const caller = this.#callerOf(id);
    const now = clock.now();
    if (caller.refusedUntil > now) throw tooManyRequests(rate, caller.refusedUntil - now);
    const sample = caller.strictUntil > now ? 1 : Math.max(1, Math.floor(rate.burst / COUNTED_OF_BURST));
    if (random() * sample >= 1) return;
    const msEach = 1000 / rate.perSecond;
    let waitMs = await this.#take(id, caller, sample * msEach, rate.burst * msEach);
    if (waitMs === 0) return;
    caller.strictUntil = now + STRICT_MS;
    if (sample > 1) waitMs = await this.#take(id, caller, msEach, rate.burst * msEach);
    if (waitMs === 0) return;
    caller.refusedUntil = now + waitMs;
    throw tooManyRequests(rate, waitMs);
  }

  /** Takes tokens that the bucket needs `costMs` to refill. Resolves with the wait until it has them, 0 if taken. */
  async #take(owner: string, caller: Caller, costMs: number, burstMs: number): Promise<number> {
    const { clock } = this.#options;
    const now = clock.now();
    // When the bucket will be full again: a busy user's is in the future.
    const ways = caller.fullAt >= now ? (['later', 'now'] as const) : (['now', 'later'] as const);
    try {
      for (const way of ways) {
        const latest = now + burstMs - costMs;
        const item = await this.#update(owner, way, { now, costMs, latest });
        if (item === 'done') {
          caller.fullAt = Math.max(caller.fullAt, now) + costMs;
          return 0;
        }
        caller.fullAt = Number(item?.fullAt?.N ?? 0);
        if (caller.fullAt > latest) return Math.max(1, caller.fullAt - latest);
      }
    } catch {
      // Recovery: authenticated callers are served without a limit.
    }
    return 0;
  }

  async #update(owner: string, way: 'now' | 'later', { now, costMs, latest }: Taking) {
    const { client, table, clock } = this.#options;
    const Key = usageKey(owner, 'requests');
    const names = { '#fullAt': 'fullAt', '#ttl': CALLS_TABLE.ttlAttribute };
    const common = { ':now': N(now), ':ttl': usageTtl(clock) };
    const command = new UpdateItemCommand({
      ...{ TableName: table, Key, ExpressionAttributeNames: names, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' },
      ...(way === 'now'
        ? {
            UpdateExpression: 'SET #fullAt = :next, #ttl = :ttl',
            ConditionExpression: 'attribute_not_exists(#fullAt) OR #fullAt < :now',
            ExpressionAttributeValues: { ...common, ':next': N(now + costMs) },
          }
        : {
            UpdateExpression: 'SET #fullAt = #fullAt + :cost, #ttl = :ttl',
            ConditionExpression: '#fullAt BETWEEN :now AND :latest',
            ExpressionAttributeValues: { ...common, ':cost': N(costMs), ':latest': N(latest) },
          }),
    });
    const outcome = await conditionalWrite(
      'store_unavailable',
      () => client.send(command),
      async () => {
        const read = new GetItemCommand({ TableName: table, Key, ConsistentRead: true });
        return (await translated('store_unavailable', () => client.send(read))).Item;
      },
    );
    return outcome === 'done' ? outcome : outcome.item;
  }

  #callerOf(id: string): Caller {
    const known = this.#callers.get(id);
    if (known) return known;
    const caller = { refusedUntil: 0, strictUntil: 0, fullAt: 0 };
    this.#callers.set(id, caller);
    dropOldest(this.#callers, MAX_CALLERS);
    return caller;
  }
}

interface Taking {
  readonly now: number;
  readonly costMs: number;
  readonly latest: number;
}
