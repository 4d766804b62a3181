import { expect, it } from 'vitest';
import { eraseUser, keysOf, MAX_INLINE_BYTES, submitTask } from '#core';
import { createMemoryPlatform } from '#platform/memory.ts';
import { aCall } from '#test/support/calls.ts';
import { aFreshTask } from '#test/support/tasks.ts';

const LIMITS = { timeoutSeconds: 60 };
const NEW = { role: 'user', passwordHash: '', createdAt: 1 } as const;

async function aSystem() {
  const platform = createMemoryPlatform();
  const [ann, bob] = await Promise.all(['ann', 'bob'].map((name) => platform.users.create({ ...NEW, name })));
  if (!ann || !bob) throw new Error('The names are taken.');
  const submit = (owner: string, size: number) =>
    submitTask(platform, {
      ...{ owner, model: 'model_a', contract: { hash: 'c' }, limits: LIMITS },
      request: new Uint8Array(size).fill(7),
    });
  const tasks = [await submit(ann.id, 3), await submit(ann.id, MAX_INLINE_BYTES + 1), await submit(bob.id, 3)];
  await platform.calls.append([aCall({ owner: ann.id }), aCall({ owner: ann.id }), aCall({ owner: bob.id })]);
  await platform.usage.put(ann.id, { document: '{}', version: 1 });
  const [queued, large, other] = tasks;
  if (!queued || !large || !other) throw new Error('There are three.');
  return { platform, ann, bob, queued, large, other };
}

it('a user is erased with tasks, requests, results, calls, keys and usage, and nobody else is', async () => {
  const { platform, ann, bob, queued, large, other } = await aSystem();
  const { tasks, blobs, calls, users, usage } = platform;
  const request = `requests/${large.id}/${large.requestHash.slice(0, 16)}`;
  const result = { contractHash: 'c', payload: { kind: 'blob', key: `results/${large.id}`, size: 3 } } as const;
  await blobs.put(result.payload.key, Uint8Array.of(1, 2, 3));
  await tasks.apply(large.id, { type: 'succeeded', fence: 1, attempts: 1, startedAt: 2, at: 3, result });
  expect((await blobs.get(request))?.length).toBeGreaterThan(MAX_INLINE_BYTES);

  expect(await eraseUser(platform, ann.id)).toBe(true);

  expect(await Promise.all([tasks.get(queued.id), tasks.get(large.id)])).toEqual([undefined, undefined]);
  expect((await tasks.list({ owner: ann.id, limit: 9 })).tasks).toEqual([]);
  expect([(await blobs.get(request))?.length, (await blobs.get(result.payload.key))?.length]).toEqual([0, 0]);
  expect((await calls.list({ owner: ann.id, limit: 9 })).calls).toEqual([]);
  expect([await users.get(ann.id), await usage.get(ann.id)]).toEqual([undefined, undefined]);
  expect((await tasks.list({ owner: bob.id, limit: 9 })).tasks.map(({ id }) => id)).toEqual([other.id]);
  expect((await calls.list({ owner: bob.id, limit: 9 })).calls).toHaveLength(1);
  expect(keysOf((await users.get(bob.id)) ?? bob)).toEqual([]);
});

it('a failed erasure leaves a disabled user without keys, and can be repeated; one by id removes what came later', async () => {
  const { platform, ann, queued } = await aSystem();
  platform.calls.reachable = false;

  await expect(eraseUser(platform, ann.id)).rejects.toMatchObject({ code: 'store_unavailable' });
  expect(await platform.users.get(ann.id)).toMatchObject({ isDisabled: true, credentials: [] });
  platform.calls.reachable = true;
  expect(await eraseUser(platform, ann.id)).toBe(true);

  await platform.tasks.create(queued);
  expect(await eraseUser(platform, ann.id)).toBe(false);
  expect(await platform.tasks.get(queued.id)).toBeUndefined();
});

it.each(['local', 'login name x', 'a\0b', ''])('nothing of an owner who is no user is erased: %j', async (owner) => {
  const { platform } = await aSystem();
  const task = aFreshTask({ owner });
  await platform.tasks.create(task);
  await platform.usage.put(owner, { document: '{}', version: 1 });

  expect(await eraseUser(platform, owner)).toBe(false);

  expect(await platform.tasks.get(task.id)).toMatchObject({ state: 'queued' });
  expect(await platform.usage.get(owner)).toBeDefined();
});
