import { describe, expect, it } from 'vitest';
import { DoubtfulTasks, type Finding } from '#adapters/rabbit-redis/tasks/doubtful-tasks.ts';
import { ManualClock } from '#test/support/manual-clock.ts';

/** Doubts about a Redis that finds what the test says; undefined while it is away. */
function doubts(find: (looks: number) => Finding | undefined) {
  const looked: [id: string, createdAt: number | undefined][] = [];
  const clock = new ManualClock();
  const doubtful = new DoubtfulTasks({
    clock,
    async remove(id, createdAt) {
      looked.push([id, createdAt]);
      const finding = find(looked.length);
      if (finding === undefined) throw new Error('Redis is away.');
      return finding;
    },
  });
  const advance = async (ms: number) => {
    // The first look needs no time.
    await clock.advance(0);
    await clock.advance(ms);
  };
  return { doubtful, advance, looked };
}

describe('a task that was not accepted and may be kept', () => {
  it('is taken out once Redis answers, however long that takes', async () => {
    const { doubtful, advance, looked } = doubts((looks) => (looks > 20 ? 'removed' : undefined));

    doubtful.add('t', 1);
    await advance(120_000);

    expect(looked).toHaveLength(21);
    expect(looked.at(-1)).toEqual(['t', 1]);
    expect(doubtful.has('t')).toBe(false);
  });

  it('is looked for again when nothing was there, because a command may come late', async () => {
    const { doubtful, advance, looked } = doubts((looks) => (looks === 3 ? 'removed' : 'missing'));

    doubtful.add('t', undefined);
    await advance(59_000);
    const early = looked.length;
    await advance(2_000);

    expect([early, looked.length]).toEqual([2, 3]);
    expect(doubtful.has('t')).toBe(false);
  });

  it('is left alone when somebody relies on it', async () => {
    const { doubtful, advance, looked } = doubts(() => 'kept');

    doubtful.add('t', 1);
    await advance(120_000);

    expect(looked).toHaveLength(1);
    expect(doubtful.has('t')).toBe(false);
  });

  it('is forgotten in the end, when Redis stays away', async () => {
    const { doubtful, advance } = doubts(() => undefined);

    doubtful.add('t', 1);
    await advance(3_700_000);

    expect(doubtful.has('t')).toBe(false);
  });

  it('is taken out before its id is used again', async () => {
    const { doubtful, looked } = doubts((looks) => (looks > 1 ? 'removed' : undefined));
    doubtful.add('t', 7);

    await doubtful.settle('t');
    await doubtful.settle('another');

    expect(looked).toEqual([
      ['t', 7],
      ['t', 7],
    ]);
    expect(doubtful.has('t')).toBe(false);
  });

  it('is nobody’s business any more after the end', async () => {
    const { doubtful, advance, looked } = doubts(() => undefined);
    doubtful.add('t', 1);

    doubtful.close();
    await advance(60_000);

    expect(looked).toHaveLength(1);
  });
});
