import { describe, expect, it } from 'vitest';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { aPrefix, useRabbitRedis } from '#test/support/rabbit-redis.ts';
import { aFreshTask } from '#test/support/tasks.ts';

const SUITE = 'Successes told by Redis';
const brokers = findBrokers(SUITE);
const success = (bytes: Uint8Array) =>
  ({
    type: 'succeeded',
    fence: 1,
    attempts: 1,
    startedAt: 5,
    at: 6,
    result: { contractHash: 'c', payload: { kind: 'inline', bytes } },
  }) as const;

if (!brokers) describe(SUITE, () => it.todo('runs where redis-server and rabbitmq-server are installed'));
else {
  const servers = useRabbitRedis(brokers);

  /** A store that listens already, as after the first wait, and another process on the same tasks. */
  async function openBoth() {
    const prefix = aPrefix();
    const [submitter, other] = [servers.open({ prefix }).tasks, servers.open({ prefix }).tasks];
    const first = aFreshTask();
    await submitter.create(first);
    const waiting = submitter.untilEnded?.(first.id, new AbortController().signal);
    await other.apply(first.id, success(Uint8Array.of(1)));
    await waiting;
    return { submitter, other };
  }

  describe(SUITE, () => {
    it.each(['before it ends', 'after it ended'])('spare who waits from %s the read', async (when) => {
      const { submitter, other } = await openBoth();
      const task = aFreshTask();
      await submitter.create(task);
      const { signal } = new AbortController();

      const early = when === 'before it ends' ? submitter.untilEnded?.(task.id, signal) : undefined;
      await other.apply(task.id, success(Uint8Array.of(0, 128, 255)));
      const told = await (early ?? submitter.untilEnded?.(task.id, signal));

      expect(told).toEqual(await other.get(task.id));
      expect(told).toMatchObject({ state: 'succeeded', attempts: 1, startedAt: 5, endedAt: 6 });
    });

    it('are never of a task that was withdrawn before another one took its id', async () => {
      const { submitter, other } = await openBoth();
      const withdrawn = aFreshTask();
      await submitter.create(withdrawn);
      await submitter.withdraw(withdrawn);
      await other.create({ ...withdrawn, createdAt: withdrawn.createdAt + 5000 });
      await other.apply(withdrawn.id, success(Uint8Array.of(1)));
      // Redis tells in order: who has heard of a later task has heard of this one.
      const later = aFreshTask();
      await submitter.create(later);
      await other.apply(later.id, success(Uint8Array.of(1)));
      const { signal } = new AbortController();
      await submitter.untilEnded?.(later.id, signal);

      const told = await submitter.untilEnded?.(withdrawn.id, signal);

      expect(told).toBeUndefined();
    });

    it('come without results that are not small, and to those who did not see the task begin', async () => {
      const { submitter, other } = await openBoth();
      const [large, stranger] = [aFreshTask(), aFreshTask()];
      await Promise.all([submitter.create(large), other.create(stranger)]);
      const { signal } = new AbortController();
      const waiting = [large, stranger].map(({ id }) => submitter.untilEnded?.(id, signal));

      await other.apply(large.id, success(new Uint8Array(5000)));
      await other.apply(stranger.id, success(Uint8Array.of(1)));

      expect(await Promise.all(waiting)).toEqual([undefined, undefined]);
    });

    it.each(['heard', 'not yet heard'])('are not taken by who repeats the submit when they are %s', async (when) => {
      const { submitter, other } = await openBoth();
      const [task, marker] = [aFreshTask(), aFreshTask()];
      await Promise.all([submitter.create(task), submitter.create(marker)]);
      const { signal } = new AbortController();
      const marked = submitter.untilEnded?.(marker.id, signal);
      if (when === 'heard') await other.apply(task.id, success(Uint8Array.of(1)));
      // News come in the order in which they happened.
      await other.apply(marker.id, success(Uint8Array.of(2)));
      await marked;

      const repeated = submitter.create({ ...task, createdAt: task.createdAt + 1 });
      const waiting = submitter.untilEnded?.(task.id, signal);
      if (when !== 'heard') await other.apply(task.id, success(Uint8Array.of(1)));

      expect(await waiting).toEqual(await other.get(task.id));
      expect(await repeated).toMatchObject({ id: task.id, createdAt: task.createdAt });
    });

    it('are looked up by whoever waits while nobody knows yet whether the task is new', async () => {
      const { submitter, other } = await openBoth();
      const task = aFreshTask();
      await other.create(task);
      await other.apply(task.id, success(Uint8Array.of(1)));

      const repeated = submitter.create({ ...task, createdAt: task.createdAt + 1 });
      const told = await submitter.untilEnded?.(task.id, new AbortController().signal);

      expect(told).toBeUndefined();
      expect(await repeated).toMatchObject({ state: 'succeeded', createdAt: task.createdAt });
    });
  });
}
