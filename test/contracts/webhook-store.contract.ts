import { describe, expect, it } from 'vitest';
import type { WebhookStore } from '#core';

/** A store, which other tests may use at the same time, and a way to take it away. */
export interface WebhookStoreUnderTest {
  readonly webhooks: WebhookStore;
  /** From now on `webhooks` cannot be reached. */
  cutOff(): Promise<void>;
}

const FAR = Date.UTC(2100, 0, 1);
let keys = 0;

/** A key that no other test uses. */
function aKey(): string {
  keys += 1;
  return `webhook:${process.pid}-${keys}`;
}

const NEVER = new AbortController().signal;

/** What every `WebhookStore` promises. Each adapter's test calls this with its own way to reach one. */
export function webhookStoreContract(name: string, open: () => Promise<WebhookStoreUnderTest>): void {
  describe(`WebhookStore contract: ${name}`, () => {
    it('writes a document only after the version before, and deletes it', async () => {
      const { webhooks } = await open();
      const [key, other] = [aKey(), aKey()];

      expect(await webhooks.get(key)).toBeUndefined();
      expect(await webhooks.put(key, { document: '{"a":1}', version: 2 }, {})).toBe(false);
      expect(await webhooks.put(key, { document: '{"a":1}', version: 1 }, { expiresAt: FAR })).toBe(true);
      expect(await webhooks.put(key, { document: '{"a":2}', version: 1 }, {})).toBe(false);
      expect(await webhooks.put(key, { document: '{"a":"é"}', version: 2 }, { dueAt: FAR })).toBe(true);
      expect(await webhooks.get(key)).toEqual({ document: '{"a":"é"}', version: 2 });
      expect(await webhooks.get(other)).toBeUndefined();

      await webhooks.delete(key);
      await webhooks.delete(key);
      expect(await webhooks.get(key)).toBeUndefined();
    });

    it('lets one of several writers of the same document win', async () => {
      const { webhooks } = await open();
      const key = aKey();
      const race = (version: number) =>
        Promise.all(Array.from({ length: 8 }, () => webhooks.put(key, { document: '{}', version }, {})));

      expect((await race(1)).filter(Boolean)).toHaveLength(1);
      expect((await race(2)).filter(Boolean)).toHaveLength(1);
    });

    it('hands out what is due until it is put off', async () => {
      const { webhooks } = await open();
      const [first, second, later, done] = [aKey(), aKey(), aKey(), aKey()];
      const now = Date.UTC(2026, 0, 1);
      const put = async (key: string, version: number, dueAt?: number) => {
        expect(await webhooks.put(key, { document: '{}', version }, dueAt === undefined ? {} : { dueAt })).toBe(true);
        if (dueAt !== undefined) await webhooks.wake(key, dueAt, 'ann');
      };
      await put(second, 1, now - 1);
      await put(first, 1, now - 2);
      if (!webhooks.due) return expectMessages(webhooks, [first, second]);
      await put(later, 1, now + 1);
      await put(done, 1, now - 3);
      await put(done, 2);

      expect(await webhooks.due(now, 10)).toEqual([first, second]);
      expect(await webhooks.due(now, 1)).toEqual([first]);

      await put(first, 2, now + 10);
      await webhooks.delete(second);
      expect(await webhooks.due(now, 10)).toEqual([]);
      expect(await webhooks.due(now + 10, 10)).toEqual([later, first]);
    });

    it('says when it cannot be reached', async () => {
      const { webhooks, cutOff } = await open();
      await cutOff();

      const calls = [webhooks.get('a'), webhooks.put('a', { document: '{}', version: 1 }, {}), webhooks.delete('a')];

      for (const { status, reason } of (await Promise.allSettled(calls)) as PromiseRejectedResult[]) {
        expect(status).toBe('rejected');
        expect(reason).toMatchObject({ code: 'store_unavailable' });
      }
    });
  });
}

/** Of a queue with messages: each is delivered until it is done. */
async function expectMessages(webhooks: WebhookStore, expected: readonly string[]): Promise<void> {
  const found = new Set<string>();
  while (found.size < expected.length) {
    for (const { key, done } of (await webhooks.receive?.(NEVER)) ?? []) {
      await done();
      found.add(key);
    }
  }
  expect([...found].toSorted()).toEqual([...expected].toSorted());
}
