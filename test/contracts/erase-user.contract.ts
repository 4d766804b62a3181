import { v7 as uuidV7 } from 'uuid';
import { describe, expect, it } from 'vitest';
import { createKey, type EraseDeps, eraseUser, keysOf, MAX_INLINE_BYTES, submitTask } from '#core';
import { secretKey, webhookKey } from '#core/webhooks';
import type { FullPlatform } from '#platform/platform.ts';
import { aCall } from '#test/support/calls.ts';

const LIMITS = { timeoutSeconds: 60 };
const MODEL = 'model_a';
const KEPT_MS = 60_000;

type System = EraseDeps & Pick<FullPlatform, 'queues'>;

/** Everything that is stored of a user, at least once of each kind. */
async function aUserWithData(system: System) {
  const { users, clock, tasks, blobs, webhooks, calls, usage } = system;
  const name = `u${crypto.randomUUID()}`;
  const user = await users.create({ name, role: 'user', passwordHash: '', createdAt: clock.now() });
  if (!user) throw new Error('The name is taken.');
  const owner = user.id;
  await createKey(users, clock, { userId: owner, name: 'k' });
  const submit = (size: number) =>
    submitTask(system, {
      ...{ owner, model: MODEL, contract: { hash: 'c' }, limits: LIMITS },
      request: new Uint8Array(size).fill(7),
    });
  const queued = await submit(3);
  const large = await submit(MAX_INLINE_BYTES + 1);
  const result = { contractHash: 'c', payload: { kind: 'blob', key: `results/${large.id}`, size: 3 } } as const;
  await blobs.put(result.payload.key, Uint8Array.of(1, 2, 3));
  await tasks.apply(large.id, {
    ...{ type: 'succeeded', fence: 1, attempts: 1, startedAt: clock.now(), at: clock.now(), result },
  });
  const batch = uuidV7();
  await tasks.batches.create({
    ...{ id: batch, model: MODEL, owner, requestHash: 'h', createdAt: clock.now() },
    ...{ retainedUntil: clock.now() + KEPT_MS, total: 1, isConfirmed: true },
  });
  const expiresAt = clock.now() + KEPT_MS;
  await webhooks.put(webhookKey(queued.id), { document: '{}', version: 1 }, { expiresAt });
  await webhooks.put(secretKey(owner), { document: '{}', version: 1 }, {});
  await calls.append([aCall({ owner, startedAt: clock.now() }), aCall({ owner, startedAt: clock.now() })]);
  await usage.put(owner, { document: '{}', version: 1 });
  return { user, queued, large, batch };
}

type Stored = Awaited<ReturnType<typeof aUserWithData>>;

/** Counts what is stored of a user, by kind. */
async function count(system: System, { user, queued, large, batch }: Stored) {
  const { users, tasks, blobs, webhooks, calls, usage } = system;
  const request = `requests/${large.id}/${large.requestHash.slice(0, 16)}`;
  const found = await Promise.all([tasks.get(queued.id), tasks.get(large.id)]);
  const sizes = await Promise.all([request, `results/${large.id}`].map(async (key) => (await blobs.get(key))?.length));
  const hooks = await Promise.all([webhookKey(queued.id), secretKey(user.id)].map((key) => webhooks.get(key)));
  const known = await users.get(user.id);
  return {
    tasks: found.filter((task) => task !== undefined).length,
    listed: (await tasks.list({ owner: user.id, limit: 9 })).tasks.length,
    blobs: sizes.filter((size) => (size ?? 0) > 0).length,
    batches: (await tasks.batches.get(batch)) ? 1 : 0,
    webhooks: hooks.filter((hook) => hook !== undefined).length,
    calls: (await calls.list({ owner: user.id, limit: 9 })).calls.length,
    usage: (await usage.get(user.id)) ? 1 : 0,
    keys: known ? keysOf(known).length : 0,
    users: known ? 1 : 0,
  };
}

const ALL = { tasks: 2, listed: 2, blobs: 2, batches: 1, webhooks: 2, calls: 2, usage: 1, keys: 1, users: 1 };
const NOTHING = Object.fromEntries(Object.keys(ALL).map((kind) => [kind, 0]));

/** What deleting a user means on every platform. `open`: a platform on which other tests may store too. */
export function eraseUserContract(name: string, open: () => Promise<System>): void {
  describe(`deleting a user: ${name}`, () => {
    it('deletes everything that is stored of the user, and nothing of another', async () => {
      const system = await open();
      const [ann, bob] = [await aUserWithData(system), await aUserWithData(system)];
      expect(await Promise.all([count(system, ann), count(system, bob)])).toEqual([ALL, ALL]);

      expect(await eraseUser(system, ann.user.id)).toBe(true);

      expect(await count(system, ann)).toEqual(NOTHING);
      expect(await count(system, bob)).toEqual(ALL);
      expect(await eraseUser(system, ann.user.id)).toBe(false);
    });
  });
}
