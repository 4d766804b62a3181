import { ConditionalCheckFailedException, type DynamoDBClient, type UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDynamoDbClient } from '#adapters/aws/index.ts';
import { createDynamoTaskQuota, DynamoRequestLimit } from '#adapters/aws/user-limits.ts';
import { createSharedLoginBrake, type Task, UsageLedger, type UserLimits } from '#core';
import { systemClock } from '#platform/platform.ts';
import { type AwsShim, startAwsShim } from '#test/support/aws-shim.ts';
import { unitsOf } from '#test/support/dynamodb-units.ts';
import { useEmulatedAws } from '#test/support/emulated-aws.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { aTask } from '#test/support/tasks.ts';
import { MEASURED } from '../../../scripts/cost/usage.ts';

const aws = useEmulatedAws();
const HOUR = 3_600_000;

/** What the functions of a test have stored, and the write units of their calls. */
let shim: AwsShim;
let written = 0;
let losesAnswers = false;
beforeAll(async () => {
  shim = await startAwsShim(aws.emulators.endpoints.dynamodb, async (asked) => {
    written += asked.status === 200 ? ((await unitsOf(asked))?.writes ?? 0) : 0;
    if (!losesAnswers || asked.operation !== 'UpdateItem') return undefined;
    losesAnswers = false;
    return { status: 500, output: { __type: 'InternalServerError' } };
  });
});
afterAll(() => shim.close());

const connect = () => createDynamoDbClient({ ...aws.settings, endpoints: { dynamodb: shim.url } });

function quotas(limits: UserLimits) {
  const clock = new ManualClock();
  const stored = new Map<string, Task>();
  const tasks = { get: async (id: string) => stored.get(id) };
  const owner = crypto.randomUUID();
  /** The quota of another function, or of another request. */
  const open = () => {
    const quota = createDynamoTaskQuota(
      { client: connect(), table: aws.settings.callsTable, clock, tasks },
      owner,
      limits,
    );
    if (!quota) throw new Error('No quota.');
    return quota;
  };
  const submit = async (state: Task['state'] = 'queued') => {
    const id = crypto.randomUUID();
    await open().enter([id]);
    stored.set(id, aTask({ id, state, deadlineAt: clock.now() + HOUR }));
    return id;
  };
  const end = (id: string) => stored.set(id, aTask({ id, state: 'succeeded', endedAt: clock.now() }));
  return { clock, open, submit, end };
}

const refusals = (outcomes: readonly PromiseSettledResult<unknown>[]) =>
  outcomes.filter(({ status }) => status === 'rejected').length;

describe('the tasks of a user on DynamoDB', () => {
  it('that wait are limited exactly, however many functions admit at once', async () => {
    const { submit, end } = quotas({ tasksWaiting: 7 });

    const outcomes = await Promise.allSettled(Array.from({ length: 30 }, () => submit()));
    const ids = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value : []));
    for (const id of ids.slice(0, 3)) end(id);
    const later = await Promise.allSettled(Array.from({ length: 10 }, () => submit()));

    expect([refusals(outcomes), refusals(later)]).toEqual([23, 7]);
    await expect(submit()).rejects.toMatchObject({
      code: 'too_many_requests',
      retryAfterSeconds: 1,
      quota: { name: 'tasks-waiting', limit: 7 },
    });
  });

  it('of a day are limited exactly, and the next day begins anew', async () => {
    const { clock, submit, end } = quotas({ tasksPerDay: 5 });

    const outcomes = await Promise.allSettled(Array.from({ length: 12 }, () => submit()));
    await expect(submit()).rejects.toMatchObject({ retryAfterSeconds: 86_400, quota: { name: 'tasks-per-day' } });
    for (const outcome of outcomes) if (outcome.status === 'fulfilled') end(outcome.value);
    await clock.advance(24 * HOUR);
    const next = await Promise.allSettled(Array.from({ length: 12 }, () => submit()));

    expect([refusals(outcomes), refusals(next)]).toEqual([7, 7]);
  });

  it('count once when an answer of DynamoDB is lost', async () => {
    const { open, submit } = quotas({ tasksPerDay: 3 });
    await submit();

    losesAnswers = true;
    expect(await open().enter([crypto.randomUUID()])).toHaveLength(1);

    await submit();
    await expect(submit()).rejects.toMatchObject({ code: 'too_many_requests' });
  });

  it('that were not stored leave again, by themselves after a minute', async () => {
    const { clock, open } = quotas({ tasksWaiting: 1, tasksPerDay: 4 });
    const quota = open();
    const id = crypto.randomUUID();

    expect(await quota.enter([id])).toEqual([id]);
    expect(await open().enter([id])).toEqual([]);
    await quota.leave([id]);
    await quota.leave([id]);
    expect(await open().enter([crypto.randomUUID()])).toHaveLength(1);
    await expect(open().enter([crypto.randomUUID()])).rejects.toMatchObject({ code: 'too_many_requests' });
    await clock.advance(61_000);

    expect(await open().enter([crypto.randomUUID()])).toHaveLength(1);
  });

  it('wait again for a retry, which is no other task of the day', async () => {
    const { clock, open, submit, end } = quotas({ tasksWaiting: 2, tasksPerDay: 3 });
    const [a, b] = [await submit(), await submit()];
    end(a);
    await clock.advance(2000);
    await open().enterAgain(a);

    await expect(submit()).rejects.toMatchObject({ quota: { name: 'tasks-waiting' } });
    await open().enterAgain(a);
    end(b);
    await clock.advance(2000);
    const outcomes = await Promise.allSettled([open().enterAgain(b), open().enterAgain(crypto.randomUUID())]);

    expect(refusals(outcomes)).toBe(1);
    // Retries that were not stored leave after a minute, and the day has room for one task more.
    await clock.advance(61_000);
    await submit();
    await expect(submit()).rejects.toMatchObject({ quota: { name: 'tasks-per-day' } });
  });

  it('cost as many writes as the bill has', async () => {
    const { submit, end } = quotas({ tasksWaiting: 1000, tasksPerDay: 1000 });
    written = 0;

    for (let task = 0; task < 100; task++) end(await submit());

    expect(written / 100).toBeLessThanOrEqual(MEASURED.taskLimitWriteUnits);
    expect(written / 100).toBeGreaterThan(MEASURED.taskLimitWriteUnits - 0.15);
  });
});

const seeded =
  (seed = 1) =>
  () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };

/** A bucket as its row in DynamoDB is, for many requests. */
function bucketInMemory() {
  let fullAt: number | undefined;
  let calls = 0;
  const send = async ({ input }: UpdateItemCommand) => {
    calls += 1;
    const value = (name: string) => Number(input.ExpressionAttributeValues?.[name]?.N ?? Number.NaN);
    const isNow = !Number.isNaN(value(':next'));
    const fits = isNow
      ? fullAt === undefined || fullAt < value(':now')
      : fullAt !== undefined && fullAt >= value(':now') && fullAt <= value(':latest');
    if (!fits) {
      const Item = fullAt === undefined ? {} : { Item: { fullAt: { N: String(fullAt) } } };
      throw new ConditionalCheckFailedException({ message: '', $metadata: {}, ...Item });
    }
    fullAt = isNow ? value(':next') : (fullAt ?? 0) + value(':cost');
    return {};
  };
  return { client: { send } as unknown as DynamoDBClient, counted: () => calls };
}

interface LimiterOptions {
  readonly random?: () => number;
  readonly url?: string;
}

function limiter(clock: ManualClock, { random = () => 0, url = shim.url }: LimiterOptions = {}) {
  const client = createDynamoDbClient({ ...aws.settings, endpoints: { dynamodb: url } });
  return new DynamoRequestLimit({ client, table: aws.settings.callsTable, clock, random });
}

describe('the requests of a user on DynamoDB', () => {
  it('are limited to a burst, then to the rate, over all functions', async () => {
    const clock = new ManualClock();
    const functions = [limiter(clock), limiter(clock), limiter(clock)];
    const caller = { id: crypto.randomUUID(), limits: { requestsPerSecond: 10, burst: 20 } };
    const ask = async (count: number) => {
      const asked = Array.from({ length: count }, (_, at) => functions[at % 3]?.enter(caller));
      return count - refusals(await Promise.allSettled(asked));
    };

    const burst = await ask(60);
    await clock.advance(1000);
    const second = await ask(60);
    await clock.advance(60_000);
    const rested = await ask(60);

    expect([burst, second, rested]).toEqual([20, 10, 20]);
  });

  it('tell when to come again', async () => {
    const clock = new ManualClock();
    const limit = limiter(clock);
    const caller = { id: crypto.randomUUID(), limits: { requestsPerSecond: 1, burst: 2 } };
    await limit.enter(caller);
    await limit.enter(caller);

    await expect(limit.enter(caller)).rejects.toMatchObject({
      code: 'too_many_requests',
      retryAfterSeconds: 1,
      quota: { name: 'requests', limit: 2, windowSeconds: 2 },
    });
  });

  it('of a large burst are counted by samples, and err by less than a factor of two', async () => {
    const clock = new ManualClock();
    const { client, counted } = bucketInMemory();
    const random = seeded();
    const functions = Array.from({ length: 20 }, () => new DynamoRequestLimit({ client, table: 't', clock, random }));
    const caller = { id: 'ann', limits: { requestsPerSecond: 100, burst: 1000 } };
    let admitted = 0;

    // 2,000 requests a second for three seconds: the burst and three seconds of the rate are 1,300.
    for (let at = 0; at < 300; at++) {
      const asked = functions.map((one) => one.enter(caller));
      admitted += asked.length - refusals(await Promise.allSettled(asked));
      await clock.advance(10);
    }

    expect(admitted).toBeGreaterThan(650);
    expect(admitted).toBeLessThan(2600);
    expect(counted()).toBeLessThan(6000);
  });

  it('cost as many writes as the bill has', async () => {
    const clock = new ManualClock();
    const { client, counted } = bucketInMemory();
    const limit = new DynamoRequestLimit({ client, table: 't', clock, random: seeded() });
    const caller = { id: 'ann', limits: { requestsPerSecond: 100, burst: 1000 } };

    for (let request = 0; request < 5000; request++) {
      await limit.enter(caller);
      await clock.advance(15);
    }

    // Those whose condition fails are billed too, at the change between busy and idle.
    expect(counted() / 5000).toBeLessThan(MEASURED.rateWriteUnits);
    expect(counted() / 5000).toBeGreaterThan(MEASURED.rateWriteUnits - 0.1);
  });

  it('are not limited for who has no limits, nor while DynamoDB is away', async () => {
    const limit = limiter(new ManualClock(), { url: 'http://127.0.0.1:1' });

    await limit.enter({ id: 'root' });
    await limit.enter({ id: 'ann', limits: { requestsPerSecond: 1, burst: 1 } });
    await limit.enter({ id: 'ann', limits: { requestsPerSecond: 1, burst: 1 } });
  });
});

describe('logins', () => {
  it('are slowed down over all functions of a stage', async () => {
    const { usage } = aws.open();
    const name = crypto.randomUUID();
    const brakes = [1, 2, 3].map(() => createSharedLoginBrake(new UsageLedger(usage, systemClock), systemClock));

    const outcomes = await Promise.allSettled(
      Array.from({ length: 15 }, async (_, at) => brakes[at % 3]?.enter(name, `${name} ${at}`)),
    );
    const other = await brakes[0]?.enter(`${name} other`, 'somewhere');
    await other?.succeeded();
    const failed = await Promise.allSettled(
      Array.from({ length: 15 }, async (_, at) => brakes[at % 3]?.enter(`${name} other`, `${name} ${at}`)),
    );

    expect(refusals(outcomes)).toBe(5);
    await expect(brakes[1]?.enter(name, 'anywhere')).rejects.toMatchObject({ code: 'too_many_requests' });
    expect(refusals(failed)).toBe(5);
    // Nobody can lock a name out where it has logged in.
    for (let at = 0; at < 10; at++) await brakes[at % 3]?.enter(`${name} other`, 'somewhere');
    await expect(brakes[0]?.enter(`${name} other`, 'somewhere')).rejects.toMatchObject({ code: 'too_many_requests' });
  });
});

it('what is counted of a user is deleted with the user', async () => {
  const { usage } = aws.open();
  const { open } = quotas({ tasksWaiting: 1 });
  await open().enter([crypto.randomUUID()]);
  const caller = { id: crypto.randomUUID(), limits: { requestsPerSecond: 1, burst: 1 } };
  const clock = new ManualClock();
  await limiter(clock).enter(caller);

  await usage.delete(caller.id);

  await limiter(clock).enter(caller);
});
