import { describe, expect, it } from 'vitest';
import { type CheckResult, InDoubtTasks } from '#adapters/rabbit-redis/tasks/in-doubt-tasks.ts';
import type { Task } from '#core';
import { ManualClock } from '#test/support/manual-clock.ts';
import { aTask } from '#test/support/tasks.ts';

const task = aTask({ id: 't' });

/** Doubts about a Redis that finds what the test says; undefined while it is away. */
function doubts(find: (checks: number) => CheckResult | undefined) {
  const checked: Task[] = [];
  const clock = new ManualClock();
  const inDoubt = new InDoubtTasks({
    clock,
    async remove(doubtful) {
      checked.push(doubtful);
      const finding = find(checked.length);
      if (finding === undefined) throw new Error('Redis is away.');
      return finding;
    },
  });
  const advance = async (ms: number) => {
    // The first check needs no time.
    await clock.advance(0);
    await clock.advance(ms);
  };
  return { inDoubt, advance, checked };
}

describe('a task that was refused and may be stored', () => {
  it('is withdrawn once Redis answers, however long that takes', async () => {
    const { inDoubt, advance, checked } = doubts((checks) => (checks > 20 ? 'removed' : undefined));

    inDoubt.add(task);
    await advance(120_000);

    expect(checked).toHaveLength(21);
    expect(checked.at(-1)).toBe(task);
    expect(inDoubt.has('t')).toBe(false);
  });

  it('is looked for again when there was none, because a command may come late', async () => {
    const { inDoubt, advance, checked } = doubts((checks) => (checks === 3 ? 'removed' : 'missing'));

    inDoubt.add(task);
    await advance(59_000);
    const early = checked.length;
    await advance(2_000);

    expect([early, checked.length]).toEqual([2, 3]);
    expect(inDoubt.has('t')).toBe(false);
  });

  it('is left alone when somebody relies on it', async () => {
    const { inDoubt, advance, checked } = doubts(() => 'kept');

    inDoubt.add(task);
    await advance(120_000);

    expect(checked).toHaveLength(1);
    expect(inDoubt.has('t')).toBe(false);
  });

  it('is forgotten in the end, when Redis stays away', async () => {
    const { inDoubt, advance } = doubts(() => undefined);

    inDoubt.add(task);
    await advance(3_700_000);

    expect(inDoubt.has('t')).toBe(false);
  });

  it('is withdrawn before its id is used again', async () => {
    const { inDoubt, checked } = doubts((checks) => (checks > 1 ? 'removed' : undefined));
    inDoubt.add(task);

    await inDoubt.settle('t');
    await inDoubt.settle('another');

    expect(checked).toEqual([task, task]);
    expect(inDoubt.has('t')).toBe(false);
  });

  it('is not checked any more after the end', async () => {
    const { inDoubt, advance, checked } = doubts(() => undefined);
    inDoubt.add(task);

    inDoubt.close();
    await advance(60_000);

    expect(checked).toHaveLength(1);
  });
});
