import { describe, expect, it } from 'vitest';
import { DEFAULT_RULE, type Deployment, isInShare } from '#core';
import type { RunRequest } from '#runtime/backends/model-backend.ts';
import { canary, FAILURE, INVALID, NEW, OLD, request, responseOf, routed, turn } from './support.ts';

describe('a canary', () => {
  it('answers the tasks of its share and no others, also in one batch', async () => {
    const { versions, old, next } = await routed(canary({ share: 0.5 }));
    const tasks = Array.from({ length: 20 }, (_, at) => request(`task-${at}`));

    const run = versions.run(tasks);
    for (const _ of tasks) {
      old.answer(responseOf(1));
      next?.answer(responseOf(2));
    }

    const expected = tasks.map(({ taskId }) => responseOf(isInShare(taskId, { salt: '2', share: 0.5 }) ? 2 : 1));
    expect(await Promise.all(run.outcomes)).toEqual(expected);
    expect(new Set(expected.map(({ response }) => response[0]))).toEqual(new Set([1, 2]));
  });

  it('answers all tasks of a routing key or none', async () => {
    const { versions, old, next } = await routed(canary({ share: 0.5, key: 'entity' }));

    for (let at = 0; at < 20; at++) {
      const run = versions.run([request(`task-${at}`, 'NLD')]);
      old.answer(responseOf(1));
      next?.answer(responseOf(2));
      expect(await run.outcomes[0]).toEqual(responseOf(isInShare('NLD', { salt: '2', share: 0.5 }) ? 2 : 1));
    }
  });

  it.each([
    ['fails', FAILURE],
    ['refuses', INVALID],
  ])('that %s costs no task: the deployed version answers', async (_, failure) => {
    const { versions, old, next } = await routed(canary());

    const run = versions.run([request('task')]);
    next?.answer(failure);
    await turn();
    old.answer(responseOf(1));

    expect(await run.outcomes[0]).toEqual(responseOf(1));
    expect(versions.tallies[1]).toMatchObject({ version: '2', tasks: 1, failed: 1 });
  });

  it('is not blamed for a request that the deployed version refuses too', async () => {
    const { versions, old, next } = await routed(canary());

    const run = versions.run([request('task')]);
    next?.answer(INVALID);
    await turn();
    old.answer(INVALID);

    expect(await run.outcomes[0]).toEqual(INVALID);
    expect(versions.tallies[1]).toMatchObject({ tasks: 0, failed: 0 });
  });

  it('whose process crashes costs no task', async () => {
    const { versions, old, next } = await routed(canary());

    const run = versions.run([request('task')]);
    next?.exit('was killed by SIGSEGV.');
    await turn();
    old.answer(responseOf(1));

    expect(await run.outcomes[0]).toEqual(responseOf(1));
    expect(versions.condition).toBe('ready');
  });

  it('that hangs costs no task once the latency of the deployed version is known', async () => {
    const { clock, versions, old } = await routed(canary({ share: 0.5 }));
    const tasks = Array.from({ length: 100 }, (_, at) => request(`task-${at}`));
    const isCanary = ({ taskId }: RunRequest) => isInShare(taskId, { salt: '2', share: 0.5 });
    for (const task of tasks.filter((each) => !isCanary(each))) {
      const run = versions.run([task]);
      old.answer(responseOf(1));
      await run.outcomes[0];
    }

    const run = versions.run(tasks.filter(isCanary).slice(0, 1));
    await clock.advance(1000);
    await turn();
    old.answer(responseOf(1));

    expect(await run.outcomes[0]).toEqual(responseOf(1));
    expect(versions.tallies[1]).toMatchObject({ tasks: 1, failed: 1 });
  });

  it('that fails five tasks gets no more, and its rejection is told once', async () => {
    const { versions, rejections, old, next } = await routed(canary());
    const runs = Array.from({ length: 8 }, (_, at) => versions.run([request(`task-${at}`)]));

    for (const run of runs) {
      next?.answer(FAILURE);
      await turn();
      old.answer(responseOf(1));
      await run.outcomes[0];
    }
    const after = versions.run([request('task')]);
    old.answer(responseOf(1));

    expect(await after.outcomes[0]).toEqual(responseOf(1));
    expect(rejections).toMatchObject([{ version: '2', reasons: [expect.stringContaining('It failed 5 of 5 tasks')] }]);
    expect(versions.isRollingOut).toBe(false);
  });

  it('that is promoted keeps its process', async () => {
    const { versions, fetched, processes } = await routed(canary());

    await versions.apply(NEW);

    expect(versions.version).toBe('2');
    expect(fetched).toEqual(['2']);
    expect(processes).toHaveLength(2);
  });

  it('gets another share without another process', async () => {
    const { versions, processes } = await routed(canary({ share: 0.1 }));

    await versions.apply(canary({ share: 1 }));
    const run = versions.run([request('task')]);
    processes[1]?.answer(responseOf(2));

    expect(await run.outcomes[0]).toEqual(responseOf(2));
    expect(processes).toHaveLength(2);
  });
});

describe('a new version with a guard', () => {
  const guarded: Deployment = { ...NEW, guard: { ...OLD, rule: DEFAULT_RULE, startedAt: 0, until: 1e15 } };

  it('is covered by the version before, which takes over at once', async () => {
    const { versions, rejections, processes, old, next } = await routed();
    await versions.apply(guarded);
    const newer = processes[1] ?? next;

    for (let at = 0; at < 5; at++) {
      const run = versions.run([request(`task-${at}`)]);
      newer?.answer(FAILURE);
      await turn();
      old.answer(responseOf(1));
      expect(await run.outcomes[0]).toEqual(responseOf(1));
    }

    expect(rejections).toMatchObject([{ version: '2' }]);
    expect(versions.version).toBe('1');
    expect(processes).toHaveLength(2);
  });

  it('is rolled back without a new process', async () => {
    const { versions, processes } = await routed();
    await versions.apply(guarded);

    await versions.apply(OLD);

    expect(versions.version).toBe('1');
    expect(processes).toHaveLength(2);
  });

  it('stands alone when the guard has ended', async () => {
    const { clock, versions, old } = await routed();
    await versions.apply(guarded);

    const until = clock.now();
    await versions.apply({ ...NEW, guard: { ...OLD, rule: DEFAULT_RULE, startedAt: 0, until } });
    await clock.advance(250);

    expect(versions.isRollingOut).toBe(false);
    expect((await old.exited).description).toBe('ended with exit code 0.');
  });
});
