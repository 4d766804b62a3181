import { describe, expect, it } from 'vitest';
import { createTaskQuota, RequestLimit, UsageLedger, type UsageStore } from '#core';
import { systemClock } from '#platform/platform.ts';

/** A store, which other tests may use at the same time, and a way to take it away. */
export interface UsageStoreUnderTest {
  readonly usage: UsageStore;
  /** From now on `usage` cannot be reached. */
  cutOff(): Promise<void>;
}

let owners = 0;

/** Somebody whose usage no other test changes. */
function anOwner(): string {
  owners += 1;
  return `user-${process.pid}-${owners}`;
}

const RUNNING = { get: async () => undefined };

/** What every `UsageStore` promises. Each adapter's test calls this with its own way to reach one. */
export function usageStoreContract(name: string, open: () => Promise<UsageStoreUnderTest>): void {
  describe(`UsageStore contract: ${name}`, () => {
    it('writes a document only after the version before, and deletes it', async () => {
      const { usage } = await open();
      const [ann, bob] = [anOwner(), anOwner()];

      expect(await usage.get(ann)).toBeUndefined();
      expect(await usage.put(ann, { document: '{"a":1}', version: 2 })).toBe(false);
      expect(await usage.put(ann, { document: '{"a":1}', version: 1 })).toBe(true);
      expect(await usage.put(ann, { document: '{"a":2}', version: 1 })).toBe(false);
      expect(await usage.put(ann, { document: '{"a":2}', version: 2 })).toBe(true);
      expect(await usage.get(ann)).toEqual({ document: '{"a":2}', version: 2 });
      expect(await usage.get(bob)).toBeUndefined();

      await usage.delete(ann);
      await usage.delete(ann);
      expect(await usage.get(ann)).toBeUndefined();
    });

    it('lets one of several writers of the same document win', async () => {
      const { usage } = await open();
      const owner = anOwner();

      const first = await Promise.all(
        Array.from({ length: 8 }, () => usage.put(owner, { document: '{}', version: 1 })),
      );
      const next = await Promise.all(Array.from({ length: 8 }, () => usage.put(owner, { document: '{}', version: 2 })));

      expect(first.filter(Boolean)).toHaveLength(1);
      expect(next.filter(Boolean)).toHaveLength(1);
    });

    it('keeps limits exact for several gateways at once, and of several users apart', async () => {
      const { usage } = await open();
      const users = [anOwner(), anOwner()];
      const limits = { tasksWaiting: 7, tasksPerDay: 100 };

      const outcomes = await Promise.all(
        users.flatMap((owner) =>
          [1, 2, 3].flatMap((gateway) => {
            const ledger = new UsageLedger(usage, systemClock);
            const quota = createTaskQuota({ ledger, tasks: RUNNING, clock: systemClock }, owner, limits);
            return Array.from({ length: 6 }, async (_, index) => {
              const entered = await quota?.enter([`${gateway}-${index}`]).catch(() => undefined);
              return entered ? owner : undefined;
            });
          }),
        ),
      );

      for (const owner of users) expect(outcomes.filter((entered) => entered === owner)).toHaveLength(7);
    });

    it('lets no more requests through several gateways than through one', async () => {
      const { usage } = await open();
      const caller = { id: anOwner(), limits: { requestsPerSecond: 1, burst: 40 } };
      const gateways = [1, 2, 3, 4].map(() => new RequestLimit(new UsageLedger(usage, systemClock), systemClock));
      const startedAt = Date.now();

      const passed = await Promise.all(
        gateways.flatMap((gateway) =>
          Array.from({ length: 25 }, () =>
            gateway.enter(caller).then(
              () => 1,
              () => 0,
            ),
          ),
        ),
      );

      const total = passed.reduce<number>((sum, one) => sum + one, 0);
      expect(total).toBeGreaterThanOrEqual(20);
      expect(total).toBeLessThanOrEqual(40 + Math.ceil((Date.now() - startedAt) / 1000));
    });

    it('says that it is unavailable when it cannot be reached', async () => {
      const { usage, cutOff } = await open();
      await cutOff();
      const refused = expect.objectContaining({ code: 'store_unavailable', retryable: true });

      await expect(usage.get(anOwner())).rejects.toEqual(refused);
      await expect(usage.put(anOwner(), { document: '{}', version: 1 })).rejects.toEqual(refused);
      await expect(usage.delete(anOwner())).rejects.toEqual(refused);
    });
  });
}
