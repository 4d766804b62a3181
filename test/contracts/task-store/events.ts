import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MAX_INLINE_BYTES, type TaskEvent } from '#core';
import { applyEvent } from '#core/events';
import { anyTaskEvent } from '#test/support/task-events.ts';
import { aFreshTask, aStart } from '#test/support/tasks.ts';
import type { OpenStore } from './support.ts';

const LARGE = Uint8Array.from({ length: MAX_INLINE_BYTES }, (_, index) => (index * 7) & 255);
const AN_ERROR = { code: 'timeout', message: 'It took “too” long.', retryable: true };

/** Applying events one after the other. */
export function events(open: OpenStore): void {
  const at = 1_700_000_000_000;
  const inline = { contractHash: 'c', payload: { kind: 'inline', bytes: LARGE } } as const;
  const byReference = { contractHash: 'c', payload: { kind: 'blob', key: 'results/1', size: 5_000_000 } } as const;
  const each: readonly (readonly [string, TaskEvent])[] = [
    ['a start', { ...aStart, at }],
    ['the start of a suspect', { ...aStart, fence: 3, attempts: 2, alone: true, at }],
    ['sending again', { type: 'resent', copy: 1, at }],
    ['the confirmation of a message', { type: 'sent', at }],
    ['a large result', { type: 'succeeded', fence: 1, attempts: 1, startedAt: at, at: at + 5, result: inline }],
    [
      'a result by reference',
      { type: 'succeeded', fence: 2, attempts: 2, startedAt: at, at: at + 5, result: byReference },
    ],
    ['a failure', { type: 'failed', fence: 3, attempts: 3, startedAt: at, at: at + 5, error: AN_ERROR }],
    [
      'a failure before any start',
      { type: 'failed', fence: 1, attempts: 1, at, error: { ...AN_ERROR, retryable: false } },
    ],
    ['giving up', { type: 'gave-up', attempts: 3, at, error: AN_ERROR, envelope: LARGE }],
    ['a cancellation', { type: 'canceled', at }],
    ['an expiry', { type: 'expired', at: at + 1_000_000_000_000, error: AN_ERROR }],
  ];

  it.each(each)('keeps everything that %s says', async (_, event) => {
    const { store } = await open();
    const task = aFreshTask();
    await store.create(task);

    const outcome = await store.apply(task.id, event);

    expect(outcome).toBe('applied');
    expect(await store.get(task.id)).toEqual(applyEvent(task, event).task);
  });

  it('refuses the result of a delivery that a newer one has overtaken', async () => {
    const { store } = await open();
    const task = aFreshTask();
    await store.create(task);
    await store.apply(task.id, { ...aStart, fence: 2, attempts: 2, at });

    const outcome = await store.apply(task.id, {
      type: 'succeeded',
      fence: 1,
      attempts: 1,
      startedAt: at,
      at,
      result: inline,
    });

    expect(outcome).toBe('superseded');
    expect(await store.get(task.id)).toMatchObject({ state: 'running', attempts: 2 });
  });

  it('never changes a task that has ended', async () => {
    const { store } = await open();
    const task = aFreshTask();
    await store.create(task);
    await store.apply(task.id, { type: 'succeeded', fence: 1, attempts: 1, startedAt: at, at, result: byReference });
    const ended = await store.get(task.id);

    const outcomes = [];
    for (const [, event] of each) outcomes.push(await store.apply(task.id, event));

    expect(new Set(outcomes)).toEqual(new Set(['terminal']));
    expect(await store.get(task.id)).toEqual(ended);
  });

  it('does what applyEvent says, whatever happens in whatever order', async () => {
    const { store } = await open();

    await fc.assert(
      fc.asyncProperty(fc.array(anyTaskEvent, { minLength: 1, maxLength: 6 }), async (history) => {
        let model = aFreshTask();
        await store.create(model);
        for (const event of history) {
          const { outcome, task } = applyEvent(model, event);
          model = task;
          expect(await store.apply(model.id, event)).toBe(outcome);
        }
        expect(await store.get(model.id)).toEqual(model);
      }),
      { numRuns: 60 },
    );
  });

  it('tells waiters, where it can, when the task has ended', async () => {
    const { store } = await open();
    const task = aFreshTask();
    await store.create(task);
    const never = new AbortController();
    const waiting = [store.untilEnded?.(task.id, never.signal), store.untilEnded?.(task.id, never.signal)];

    await store.apply(task.id, aStart);
    await store.apply(task.id, { type: 'canceled', at });

    await Promise.all(waiting);
    await store.untilEnded?.(task.id, never.signal);
  });

  it('tells waiters of a success, where it can, as it is read', async () => {
    const { store } = await open();
    const never = new AbortController();
    for (const bytes of [new Uint8Array(), Uint8Array.of(0, 128, 255), new Uint8Array(5000).fill(7)]) {
      const task = aFreshTask();
      await store.create(task);
      const waiting = store.untilEnded?.(task.id, never.signal);
      const result = { contractHash: 'c', payload: { kind: 'inline', bytes } } as const;

      await store.apply(task.id, { type: 'succeeded', fence: 1, attempts: 1, startedAt: at, at: at + 5, result });

      const read = await store.get(task.id);
      expect(read?.state).toBe('succeeded');
      expect((await waiting) ?? read).toEqual(read);
    }
  });

  it('lets a waiter go who wants to', async () => {
    const { store } = await open();
    const task = aFreshTask();
    await store.create(task);
    const gone = new AbortController();
    const waiting = store.untilEnded?.(task.id, gone.signal);

    gone.abort();

    await waiting;
    expect(await store.get(task.id)).toEqual(task);
  });
}
