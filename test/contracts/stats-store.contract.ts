import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { minuteOf, type StatsStore } from '#core';

/** What every `StatsStore` promises. */
export function statsStoreContract(name: string, open: () => Promise<StatsStore>): void {
  describe(`StatsStore contract: ${name}`, () => {
    const now = minuteOf(Date.now());
    const aModel = () => `m_${randomUUID()}`;

    it('adds to the counts of a minute, from many at a time', async () => {
      const store = await open();
      const model = aModel();

      await Promise.all(Array.from({ length: 20 }, () => store.add(model, now, { succeeded: 1, q3: 2 })));
      await store.add(model, now, { failed: 1 });

      expect(await store.read(model, { from: now, to: now })).toEqual([
        { minute: now, counts: { succeeded: 20, q3: 40, failed: 1 } },
      ]);
    });

    it('reads the minutes of a range that have counts, in order, of this model only', async () => {
      const store = await open();
      const model = aModel();
      for (const minute of [now, now - 200, now - 2, now - 5]) await store.add(model, minute, { succeeded: 1 });
      await store.add(aModel(), now, { succeeded: 9 });

      const minutes = await store.read(model, { from: now - 150, to: now - 1 });
      const all = await store.read(model, { from: now - 300, to: now });

      expect(minutes.map(({ minute }) => now - minute)).toEqual([5, 2]);
      expect(all.map(({ minute }) => now - minute)).toEqual([200, 5, 2, 0]);
    });
  });
}
