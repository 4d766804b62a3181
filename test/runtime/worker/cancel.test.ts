import { describe, expect, it, onTestFinished } from 'vitest';
import { cancelTask, eraseTask, type Task } from '#core';
import { CancelWatch } from '#runtime/worker/cancel-watch.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { silentLogger } from '#test/support/silent-logger.ts';
import { aFreshTask } from '#test/support/tasks.ts';
import { createTestWorker, type Predict, type TestWorker } from '#test/support/test-worker.ts';

function started(worker: TestWorker): TestWorker {
  void worker.start().catch(() => undefined);
  onTestFinished(async () => {
    await worker.stop().catch(() => undefined);
    await worker.platform.close();
  });
  return worker;
}

const cancel = ({ platform }: TestWorker, { id }: Task) => cancelTask(platform, { id, owner: 'local' });

/** A model that runs until its signal aborts or the test lets it go. */
function held() {
  const runs: { readonly value: number; readonly signal: AbortSignal }[] = [];
  const begun = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  const predict: Predict = async (_state, { value }, { signal }) => {
    runs.push({ value, signal });
    begun.resolve();
    await opened.promise;
    return { value };
  };
  return { predict, runs, begun: begun.promise, open: () => opened.resolve() };
}

/** A model whose runs end only by their signal for values up to `last`. */
function untilAborted(last: number) {
  const begun = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<unknown>();
  const values: number[] = [];
  const predict: Predict = (_state, { value }, { signal }) => {
    values.push(value);
    if (value > last) return { value };
    begun.resolve();
    return new Promise((_, reject) =>
      signal.addEventListener('abort', () => {
        aborted.resolve(signal.reason);
        reject(signal.reason);
      }),
    );
  };
  return { predict, values, begun: begun.promise, aborted: aborted.promise };
}

describe('a canceled task', () => {
  it('never runs if it was queued, also behind a prefetched one', async () => {
    const { predict, runs, begun, open } = held();
    const worker = started(createTestWorker({ predict }));
    const first = await worker.submit(1);
    await begun;
    const [second, third] = [await worker.submit(2), await worker.submit(3)];

    expect((await cancel(worker, second)).state).toBe('canceled');
    open();

    expect([(await worker.ended(first)).state, (await worker.ended(third)).state]).toEqual(['succeeded', 'succeeded']);
    expect((await worker.ended(second)).state).toBe('canceled');
    expect(runs.map(({ value }) => value)).toEqual([1, 3]);
  });

  it('gets its signal while it runs, and frees its slot', async () => {
    const { predict, begun, aborted } = untilAborted(1);
    const worker = started(createTestWorker({ predict }));
    const task = await worker.submit(1);
    await begun;

    await cancel(worker, task);

    expect(await aborted).toMatchObject({ abortCause: 'task-ended' });
    expect((await worker.ended(await worker.submit(2))).state).toBe('succeeded');
    expect((await worker.ended(task)).state).toBe('canceled');
    expect(worker.outcomes).toEqual(['already-ended', 'succeeded']);
  });

  it('neither starts nor goes on once it was erased', async () => {
    const { predict, values, begun, aborted } = untilAborted(2);
    const worker = started(createTestWorker({ predict }));
    const [running, queued] = [await worker.submit(1), await worker.submit(2)];
    await begun;

    for (const task of [running, queued]) await eraseTask(worker.platform, task);

    expect(await aborted).toMatchObject({ abortCause: 'task-ended' });
    expect((await worker.ended(await worker.submit(3))).state).toBe('succeeded');
    expect(values).toEqual([1, 3]);
  });

  it('stays canceled if its run ends with a result anyway, and is not canceled once it has one', async () => {
    const { predict, begun, open } = held();
    const worker = started(createTestWorker({ predict }));
    const [task, other] = [await worker.submit(1), await worker.submit(2)];
    await begun;

    await cancel(worker, task);
    open();
    const ended = await worker.ended(other);

    expect(ended.state).toBe('succeeded');
    expect((await worker.ended(task)).result).toBeUndefined();
    await expect(cancel(worker, ended)).rejects.toMatchObject({ code: 'task_ended' });
  });
});

/** A watch over a store whose reads cost money. */
async function watching() {
  const clock = new ManualClock();
  const { platform } = createTestWorker({ predict: () => ({}) });
  const { tasks } = platform;
  let reads = 0;
  let mark: string | undefined;
  const get = async () => {
    reads += 1;
    return mark;
  };
  const put = async (_model: string, next: string) => {
    mark = next;
  };
  const cancels = { startAgeMs: 1000, runIntervalMs: 10_000, get, put };
  const store = { get: tasks.get.bind(tasks), cancels };
  const watch = new CancelWatch({ model: 'model_b', tasks: store, clock, logger: silentLogger });
  onTestFinished(() => watch.stop());
  const task = aFreshTask({ createdAt: clock.now() });
  await tasks.create(task);
  const cancel = async () => {
    await tasks.apply(task.id, { type: 'canceled', at: clock.now() });
    await put('model_b', `${clock.now()}.x`);
  };
  const mayStart = () => watch.mayStart({ taskId: task.id, submittedAt: task.createdAt });
  Object.defineProperty(tasks, 'cancels', { value: cancels });
  const answered = () => cancelTask({ ...platform, clock }, { id: task.id, owner: task.owner });
  return { clock, watch, task, cancel, answered, mayStart, reads: () => reads };
}

describe('where reads cost money', () => {
  it('a cancel is answered when no instance starts the task any more', async () => {
    const { clock, answered, mayStart } = await watching();
    const canceled = answered();
    let isAnswered = false;
    void canceled.then(() => {
      isAnswered = true;
    });
    await clock.advance(0);
    await clock.advance(900);
    // What was known a second ago decides about this start.
    expect([await mayStart(), isAnswered]).toEqual([true, false]);

    await clock.advance(300);

    expect((await canceled).state).toBe('canceled');
    expect(await mayStart()).toBe(false);
  });

  it('nothing is read for a task that did not wait and runs shortly', async () => {
    const { clock, watch, task, mayStart, reads } = await watching();

    const stop = watch.watch(task.id, () => undefined);
    expect(await mayStart()).toBe(true);
    await clock.advance(9000);
    stop();
    await clock.advance(60_000);

    expect(reads()).toBe(0);
  });

  it('one read serves all starts of a second, until a task is canceled', async () => {
    const { clock, cancel, mayStart, reads } = await watching();
    await clock.advance(2000);

    expect(await Promise.all([mayStart(), mayStart(), mayStart()])).toEqual([true, true, true]);
    expect(reads()).toBe(1);
    await cancel();
    await clock.advance(1000);
    expect([await mayStart(), await mayStart()]).toEqual([false, false]);
    expect(reads()).toBe(3);
  });

  it('a long run hears of its cancel within one interval', async () => {
    const { clock, watch, task, cancel } = await watching();
    const heard: string[] = [];
    watch.watch(task.id, () => heard.push('ended'));
    await clock.advance(4000);
    await cancel();

    await clock.advance(6000);
    await clock.advance(10_000);

    expect(heard).toEqual(['ended']);
  });
});
