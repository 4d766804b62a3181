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
    });
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
