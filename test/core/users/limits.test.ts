import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryUsageStore } from '#adapters/memory/index.ts';
import {
  changedLimits,
  countingQuota,
  createTaskQuota,
  limitFault,
  limitsOf,
  ModelyardError,
  RequestLimit,
  type Task,
  UsageLedger,
  type UserLimits,
} from '#core';
import { ManualClock } from '#test/support/manual-clock.ts';
import { aTask } from '#test/support/tasks.ts';

const DAY_MS = 86_400_000;

function quotasOn(limits: { readonly tasksWaiting?: number; readonly tasksPerDay?: number }, gateways = 1) {
  const clock = new ManualClock(DAY_MS * 100);
  const usage = new MemoryUsageStore();
  const tasks = new Map<string, Task>();
  const taskStore = { get: async (id: string) => tasks.get(id) };
  const quotas = Array.from({ length: gateways }, () => {
    const ledger = new UsageLedger(usage, clock);
    const quota = createTaskQuota({ ledger, tasks: taskStore, clock }, 'ann', limits);
    if (!quota) throw new Error('There is a limit.');
    return quota;
  });
  const end = (id: string) =>
    tasks.set(id, aTask({ id, state: 'failed', endedAt: clock.now(), deadlineAt: Number.MAX_SAFE_INTEGER }));
  const store = (id: string) => tasks.set(id, aTask({ id, state: 'queued', deadlineAt: Number.MAX_SAFE_INTEGER }));
  const quotaOf = (caller: { readonly id: string; readonly limits: UserLimits }) =>
    createTaskQuota({ ledger: new UsageLedger(usage, clock), tasks: taskStore, clock }, caller.id, caller.limits);
  return { clock, quotas, quotaOf, end, store };
}

describe('the limits of tasks', () => {
  it('hold exactly, whatever is submitted through whichever gateway and ends whenever', async () => {
    const step = fc.record({ gateway: fc.nat(2), ends: fc.nat(3), pauseMs: fc.constantFrom(0, 1000, 6 * 3_600_000) });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 5 }), fc.array(step, { maxLength: 40 }), async (limit, steps) => {
        const { clock, quotas, end, store } = quotasOn({ tasksWaiting: limit, tasksPerDay: 12 }, 3);
        const waiting: string[] = [];
        let [day, today] = [100, 0];
        for (const [at, { gateway, ends, pauseMs }] of steps.entries()) {
          await clock.advance(pauseMs);
          const now = Math.floor(clock.now() / DAY_MS);
          if (now !== day) [day, today] = [now, 0];
          for (const id of waiting.splice(0, ends)) end(id);
          const mayEnter = waiting.length < limit && today < 12;

          const entered = await quotas[gateway]?.enter([`t-${at}`]).then(
            ([id]) => id !== undefined,
            () => false,
          );

          expect(entered).toBe(mayEnter);
          if (!entered) continue;
          store(`t-${at}`);
          waiting.push(`t-${at}`);
          today += 1;
        }
      }),
      { numRuns: 60 },
    );
  });

  it('say in the refusal when to come again', async () => {
    const { clock, quotas, store } = quotasOn({ tasksWaiting: 1, tasksPerDay: 2 });
    await clock.advance(DAY_MS - 90_000);
    await quotas[0]?.enter(['a']);
    store('a');

    await expect(quotas[0]?.enter(['b'])).rejects.toMatchObject({
      code: 'too_many_requests',
      retryAfterSeconds: 1,
      quota: { name: 'tasks-waiting', limit: 1 },
    });
    await quotas[0]?.leave(['a']);

    expect(await quotas[0]?.enter(['b'])).toEqual(['b']);
  });

  it('count a retry among those that wait, and not as another one of the day', async () => {
    const { clock, quotas, end, store } = quotasOn({ tasksWaiting: 1, tasksPerDay: 2 }, 2);
    const [one, other] = quotas;
    await one?.enter(['a']);
    end('a');
    await clock.advance(1000);
    await other?.enter(['b']);
    store('b');

    await expect(one?.enterAgain('a')).rejects.toMatchObject({ quota: { name: 'tasks-waiting', limit: 1 } });
    end('b');
    await clock.advance(1000);
    await one?.enterAgain('a');
    // Until the retry is stored, its task has still ended.
    await expect(other?.enterAgain('b')).rejects.toMatchObject({ quota: { name: 'tasks-waiting' } });
    await one?.enterAgain('a');
    store('a');
    await expect(other?.enterAgain('b')).rejects.toMatchObject({ quota: { name: 'tasks-waiting' } });
    await clock.advance(1000);
    end('a');
    await other?.enterAgain('b');
    await clock.advance(61_000);

    await expect(one?.enter(['c'])).rejects.toMatchObject({ quota: { name: 'tasks-per-day', limit: 2 } });
  });

  it('count what operators send again without refusing it, and stay bounded', async () => {
    const { clock, quotas, quotaOf, store, end } = quotasOn({ tasksWaiting: 1 });
    const counted = countingQuota(quotaOf, 'ann');
    const ids = Array.from({ length: 4001 }, (_, at) => `t-${at}`);
    for (const id of ids) store(id);

    await Promise.all(ids.map((id) => counted?.enterAgain(id)));

    await expect(quotas[0]?.enter(['new'])).rejects.toMatchObject({ quota: { name: 'tasks-waiting', limit: 1 } });
    await clock.advance(1000);
    for (const id of ids.slice(0, 4000)) end(id);
    expect(await quotas[0]?.enter(['new'])).toEqual(['new']);
    expect(countingQuota(() => undefined, 'ann')).toBeUndefined();
  });

  it('leave what operators send again uncounted only when it is too much', async () => {
    const outage = async () => Promise.reject(new ModelyardError('store_unavailable', 'The store is away.'));
    const quota = { enter: outage, enterAgain: outage, leave: outage };

    await expect(countingQuota(() => quota, 'ann')?.enterAgain('a')).rejects.toThrow('The store is away.');
  });

  it('of a day get nothing back for what was entered the day before', async () => {
    const { clock, quotas } = quotasOn({ tasksPerDay: 1 });
    await quotas[0]?.enter(['a']);
    await clock.advance(DAY_MS);
    await quotas[0]?.enter(['b']);

    await quotas[0]?.leave(['a']);

    await expect(quotas[0]?.enter(['c'])).rejects.toMatchObject({ quota: { name: 'tasks-per-day' } });
    await quotas[0]?.leave(['b']);
    expect(await quotas[0]?.enter(['c'])).toEqual(['c']);
  });

  it('of a day begin again at midnight (UTC)', async () => {
    const { clock, quotas } = quotasOn({ tasksPerDay: 1 });
    await clock.advance(DAY_MS - 90_000);
    await quotas[0]?.enter(['a']);

    await expect(quotas[0]?.enter(['b'])).rejects.toMatchObject({
      retryAfterSeconds: 90,
      quota: { name: 'tasks-per-day', limit: 1, windowSeconds: 86_400 },
    });
    await clock.advance(90_000);

    expect(await quotas[0]?.enter(['b'])).toEqual(['b']);
  });

  it('count a repeated submit once, and a task that was not stored only for a minute', async () => {
    const { clock, quotas } = quotasOn({ tasksWaiting: 1, tasksPerDay: 5 });

    expect(await quotas[0]?.enter(['a'])).toEqual(['a']);
    expect(await quotas[0]?.enter(['a'])).toEqual([]);
    await expect(quotas[0]?.enter(['b'])).rejects.toMatchObject({ code: 'too_many_requests' });
    await clock.advance(60_001);

    expect(await quotas[0]?.enter(['b'])).toEqual(['b']);
  });
});

describe('the limit of requests', () => {
  it('is a bucket that refills at its rate, and a refusal says when there is a token', async () => {
    const clock = new ManualClock(0);
    const limit = new RequestLimit(new UsageLedger(new MemoryUsageStore(), clock), clock);
    const caller = { id: 'ann', limits: { requestsPerSecond: 0.5, burst: 3 } };
    const passes = () =>
      limit.enter(caller).then(
        () => true,
        (error) => error,
      );

    expect([await passes(), await passes(), await passes()]).toEqual([true, true, true]);
    expect(await passes()).toMatchObject({
      code: 'too_many_requests',
      retryAfterSeconds: 2,
      quota: { name: 'requests', limit: 3, windowSeconds: 6 },
    });
    await clock.advance(2000);
    expect([await passes(), (await passes()) === true]).toEqual([true, false]);
    await clock.advance(3_600_000);
    expect([await passes(), await passes(), await passes(), (await passes()) === true]).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  it('lets known callers through while the store is away, and callers without a limit always', async () => {
    const clock = new ManualClock(0);
    const store = new MemoryUsageStore();
    store.reachable = false;
    const limit = new RequestLimit(new UsageLedger(store, clock), clock);

    await limit.enter({ id: 'ann', limits: { requestsPerSecond: 1, burst: 1 } });
    await limit.enter({ id: 'ann', limits: { requestsPerSecond: 1, burst: 1 } });
    for (let count = 0; count < 100; count++) await limit.enter({ id: 'root' });
  });
});

describe('the limits of a user', () => {
  it('are those of the role, unless the user has others', () => {
    expect(limitsOf({ role: 'user', limits: { burst: 5 } })).toMatchObject({ requestsPerSecond: 100, burst: 5 });
    expect(limitsOf({ role: 'admin' })).toEqual({});
    expect(changedLimits({ burst: 5, tasksPerDay: 7 }, { burst: null, tasks_waiting: 3 })).toEqual({
      tasksPerDay: 7,
      tasksWaiting: 3,
    });
    expect(changedLimits({ burst: 5 }, { burst: null })).toBeUndefined();
  });

  it.each([
    ['burst', 0],
    ['burst', 1.5],
    ['tasks_waiting', 2001],
    ['tasks_per_day', '7'],
    ['constructor', 1],
  ])('cannot be %s = %s', (name, value) => {
    expect(limitFault(name, value)).toMatch(/^(a whole number|one of)/);
  });
});
