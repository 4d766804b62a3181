import { beforeEach, describe, expect, it } from 'vitest';
import { createModelDirectory, failureBefore, forgetFailedStarts, reportFailedStart } from '#core';
import { createMemoryPlatform, type MemoryPlatform } from '#platform/memory.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { aModel, anInstance } from '#test/support/registry.ts';

let clock: ManualClock;
let platform: MemoryPlatform;
beforeEach(() => {
  clock = new ManualClock();
  platform = createMemoryPlatform({ clock });
});

const STARTED = { model: 'model_a', image: 'test', runtimeVersion: 'test', startedAt: 0 };
const fail = (id: string, more: { variant?: string } = {}) =>
  reportFailedStart(platform, { ...STARTED, ...more, id }, `${id} is broken.`);
const rows = async () =>
  (await platform.registry.snapshot()).instances.map(({ id, state, failure }) => [id, state, failure?.count]);

describe('a failed start', () => {
  it('is counted under the id of its instance', async () => {
    await fail('a-1');
    await fail('a-1');

    expect(await rows()).toEqual([['a-1', 'failing', 2]]);
  });

  it('is counted over instances of which each has another id, and replaces the one before', async () => {
    await fail('task1');
    const before = await failureBefore(platform, { id: 'task2', model: 'model_a' });
    await fail('task2');

    expect(before).toMatchObject({ count: 1, reason: 'task1 is broken.' });
    expect(await rows()).toEqual([['task2', 'failing', 2]]);
  });

  it('of one variant says nothing of another one', async () => {
    await fail('a-1', { variant: 'Small' });
    await fail('a-2', { variant: 'Large' });
    await forgetFailedStarts(platform, { model: 'model_a', variant: 'Small' });

    expect(await rows()).toEqual([['a-2', 'failing', 1]]);
  });

  it('is that of its own id before that of the newest one', async () => {
    await fail('a-1');
    await clock.advance(1000);
    const [own] = (await platform.registry.snapshot()).instances;
    const failure = { reason: 'a-2 is broken.', count: 5, lastAt: clock.now() };
    if (own) await platform.registry.putInstance({ ...own, id: 'a-2', failure });

    expect(await failureBefore(platform, { id: 'a-1', model: 'model_a' })).toMatchObject({ count: 1 });
    expect(await failureBefore(platform, { id: 'a-3', model: 'model_a' })).toMatchObject({ count: 5 });
    await fail('a-1');
    expect(await rows()).toEqual([
      ['a-1', 'failing', 2],
      ['a-2', 'failing', 5],
    ]);
  });

  it('is forgotten but for the one that is kept, and those of other models', async () => {
    await fail('a-1');
    await reportFailedStart(platform, { ...STARTED, model: 'model_b', id: 'b-1' }, 'It is broken.');
    await platform.registry.putInstance(
      anInstance({ id: 'a-2', heartbeatAt: clock.now(), expiresAt: clock.now() + 1000 }),
    );
    await platform.registry.putInstance(
      anInstance({
        ...{ id: 'a-3', heartbeatAt: clock.now(), expiresAt: clock.now() + 1000 },
        failure: { reason: 'It was broken.', count: 1, lastAt: clock.now() },
      }),
    );

    await forgetFailedStarts(platform, { model: 'model_a' }, 'a-1');
    expect((await rows()).map(([id]) => id).toSorted()).toEqual(['a-1', 'a-2', 'a-3', 'b-1']);
    await forgetFailedStarts(platform, { model: 'model_a' });
    expect((await rows()).map(([id]) => id).toSorted()).toEqual(['a-2', 'a-3', 'b-1']);
  });

  it('of an instance without a variant is that of every variant', async () => {
    await fail('a-1');

    expect(await failureBefore(platform, { id: 'a-2', model: 'model_a', variant: 'Small' })).toMatchObject({
      count: 1,
    });
    await forgetFailedStarts(platform, { model: 'model_a', variant: 'Small' });
    expect(await rows()).toEqual([]);
    await fail('a-3', { variant: 'Small' });
    expect(await failureBefore(platform, { id: 'a-4', model: 'model_a' })).toMatchObject({ count: 1 });
    expect(await failureBefore(platform, { id: 'a-4', model: 'model_a', variant: 'Large' })).toBeUndefined();
  });

  it('has a reason of at most 1,000 characters, and its contract where that is known', async () => {
    await reportFailedStart(platform, { ...STARTED, id: 'a-1', contractHash: 'c', slots: 4 }, 'x'.repeat(1001));
    const [row] = (await platform.registry.snapshot()).instances;

    expect(row?.failure?.reason).toBe('x'.repeat(1000));
    expect(row).toMatchObject({ contractHash: 'c', slots: 4, inFlight: 0 });
  });

  it('is over some minutes later, when nobody starts the instance again', async () => {
    await fail('a-1');
    await clock.advance(200_000);

    expect(await failureBefore(platform, { id: 'a-1', model: 'model_a' })).toBeUndefined();
  });
});

describe('the directory', () => {
  const directory = () =>
    createModelDirectory({ ...platform, queues: () => ({ depth: async () => undefined }) as never });

  it('lists a model that has never started, and refuses to serve it', async () => {
    await fail('a-1');

    expect(await directory().unstarted()).toMatchObject([{ model: { name: 'model_a' }, failure: { count: 1 } }]);
    expect(await directory().started('model_a')).toMatchObject({ live: [], failing: [{ id: 'a-1' }] });
    await expect(directory().served('model_a')).rejects.toMatchObject({
      code: 'model_failing',
      message: 'The model model_a does not start (failed once): a-1 is broken.',
      retryable: true,
      retryAfterSeconds: 5,
    });
    await fail('a-1');
    await expect(directory().served('model_a')).rejects.toThrow('(failed 2 times in a row)');
  });

  it('names no failure of a model with an instance that serves', async () => {
    await platform.registry.writeModel(aModel());
    await fail('a-1');
    const failing = await directory().started('model_a');
    await platform.registry.putInstance(
      anInstance({ id: 'a-2', heartbeatAt: clock.now(), expiresAt: clock.now() + 1 }),
    );
    const serving = await directory().started('model_a');

    expect(failing.failure).toMatchObject({ count: 1 });
    expect(serving.failure).toBeUndefined();
    expect(serving.failing).toHaveLength(1);
  });
});
