import { describe, expect, it } from 'vitest';
import { DEFAULT_RULE, type Deployment, isInShare, type Rejection } from '#core';
import type { RunRequest } from '#runtime/backends/model-backend.ts';
import { RoutedModel } from '#runtime/versions/routed-model.ts';
import type { ShadowAnswer } from '#runtime/versions/shadow.ts';
import { RunningModel } from '#runtime/worker/running-model.ts';
import { fakeModelBackend } from '#test/support/fake-model-process.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { silentLogger } from '#test/support/silent-logger.ts';

const FAILURE = { failure: { code: 'internal', message: 'The weights are broken.', retryable: true } };
const INVALID = { failure: { code: 'invalid_input', message: 'A field is missing.', retryable: false } };
const OLD = { version: '1', artifact: 'a' };
const NEW = { version: '2', artifact: 'b' };
const responseOf = (number: number) => ({ response: Uint8Array.of(number) });
const request = (taskId: string, routingKey?: string): RunRequest => ({
  ...{ taskId, routingKey, attempt: 1, trace: undefined, body: new Uint8Array() },
});
const canary = (more: object = {}): Deployment => ({
  ...OLD,
  candidate: { ...NEW, strategy: 'canary', share: 1, key: 'task', rule: DEFAULT_RULE, startedAt: 1, ...more },
});
const turn = () => new Promise((resolve) => setImmediate(resolve));

async function routed(deployment: Deployment = OLD) {
  const clock = new ManualClock();
  const { backend, processes } = fakeModelBackend({ timeoutSeconds: 60 });
  const model = new RunningModel({ backend, clock, logger: silentLogger });
  await model.load();
  const rejections: Rejection[] = [];
  const shadowed: ShadowAnswer[] = [];
  const fetched: string[] = [];
  const versions = new RoutedModel({
    ...{ model, clock, logger: silentLogger },
    fetch: async ({ version }) => {
      fetched.push(version);
      return { version, folder: `/weights/${version}` };
    },
    onRejected: (rejection) => rejections.push(rejection),
    onShadowAnswer: (answer) => shadowed.push(answer),
  });
  await versions.setUp(undefined, new AbortController().signal, { version: OLD.version, folder: '/weights/1' });
  await versions.apply(deployment);
  const [old, next] = processes;
  if (!old) throw new Error('No process was started.');
  return { clock, versions, rejections, shadowed, fetched, processes, old, next };
}

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

describe('a shadow', () => {
  it('runs what was answered, and neither answers nor delays', async () => {
    const { clock, versions, shadowed, old, next } = await routed(canary({ strategy: 'shadow' }));

    const run = versions.run([request('task')]);
    old.answer(responseOf(1));
    expect(await run.outcomes[0]).toEqual(responseOf(1));
    await clock.advance(100);
    next?.answer(responseOf(2));
    await turn();

    expect(shadowed).toMatchObject([{ request: { taskId: 'task' }, version: '2', response: Uint8Array.of(2) }]);
    expect(versions.tallies).toMatchObject([{ tasks: 1 }, { version: '2', tasks: 1, failed: 0 }]);
  });

  it('runs what was gathered two at a time', async () => {
    const { clock, versions, shadowed, old, next } = await routed(canary({ strategy: 'shadow' }));
    for (let at = 0; at < 5; at++) {
      const run = versions.run([request(`task-${at}`)]);
      old.answer(responseOf(1));
      await run.outcomes[0];
    }
    await turn();
    expect(next?.open).toBe(0);

    await clock.advance(100);
    expect(next?.open).toBe(2);
    for (let at = 0; at < 5; at++) {
      next?.answer(responseOf(2));
      await turn();
      await turn();
    }

    expect(shadowed.map(({ request: { taskId } }) => taskId)).toEqual([
      'task-0',
      'task-1',
      'task-2',
      'task-3',
      'task-4',
    ]);
  });

  it('that fails all its tasks is ended at once', async () => {
    const { clock, versions, rejections, old, next } = await routed(canary({ strategy: 'shadow' }));

    for (let at = 0; at < 5; at++) {
      const run = versions.run([request(`task-${at}`)]);
      old.answer(responseOf(1));
      await run.outcomes[0];
      await turn();
      await clock.advance(100);
      next?.answer(FAILURE);
      await turn();
    }

    expect(rejections).toMatchObject([{ version: '2', reasons: [expect.stringContaining('failed 5 of 5 tasks')] }]);
    expect(versions.isRollingOut).toBe(false);
  });

  it('does not see what was not answered', async () => {
    const { clock, versions, shadowed, old } = await routed(canary({ strategy: 'shadow' }));

    const run = versions.run([request('task')]);
    old.answer(INVALID);

    expect(await run.outcomes[0]).toEqual(INVALID);
    await clock.advance(100);
    expect(shadowed).toEqual([]);
  });

  it('leaves out what it cannot keep up with', async () => {
    const { versions, old } = await routed(canary({ strategy: 'shadow' }));

    for (let at = 0; at < 300; at++) {
      const run = versions.run([request(`task-${at}`)]);
      old.answer(responseOf(1));
      await run.outcomes[0];
    }

    expect(versions.tallies[1]?.dropped).toBeGreaterThan(30);
  });

  it('that crashes does not matter to the answers', async () => {
    const { versions, old, next } = await routed(canary({ strategy: 'shadow' }));

    next?.exit('was killed by SIGSEGV.');
    await turn();
    const run = versions.run([request('task')]);
    old.answer(responseOf(1));

    expect(await run.outcomes[0]).toEqual(responseOf(1));
    expect(versions.condition).toBe('ready');
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
