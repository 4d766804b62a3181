import { describe, expect, it } from 'vitest';
import { RunScheduler } from '#runtime/worker/run-scheduler.ts';
import { ManualClock } from '#test/support/manual-clock.ts';

interface Item {
  readonly name: string;
  readonly alone?: boolean;
}

/** A scheduler whose runs end when the test says so. */
function scheduler({ slots = 2, maxSize = 1, maxWaitMs = 0 } = {}) {
  const clock = new ManualClock();
  const runs: { readonly names: string[]; readonly end: () => Promise<void> }[] = [];
  let isOpen = true;
  const subject = new RunScheduler<Item, string>({
    slots,
    batching: { maxSize, maxWaitMs },
    clock,
    isOpen: () => isOpen,
    isAlone: ({ alone = false }) => alone,
    start(items) {
      const finished = Promise.withResolvers<void>();
      const names = items.map(({ name }) => name);
      const end = async () => {
        finished.resolve();
        await clock.advance(0);
      };
      runs.push({ names, end });
      return { ends: names.map(async (name) => `${name} ended`), finished: finished.promise };
    },
  });
  return {
    clock,
    subject,
    started: () => runs.map(({ names }) => names.join('+')),
    end: (run: number) => runs[run]?.end(),
    open(value: boolean) {
      isOpen = value;
      subject.resume();
    },
  };
}

describe('the scheduler of runs', () => {
  it('starts as many runs as there are slots, and the next when one is finished', async () => {
    const { subject, started, end } = scheduler();
    for (const name of ['a', 'b', 'c']) void subject.run({ name });
    const before = started();

    await end(0);

    expect([before, started()]).toEqual([
      ['a', 'b'],
      ['a', 'b', 'c'],
    ]);
  });

  it('resolves with how the run ended for the item', async () => {
    const { subject } = scheduler();

    expect(await subject.run({ name: 'a' })).toBe('a ended');
  });

  it('runs an item that must be alone when nothing else runs, and nothing beside it', async () => {
    const { subject, started, end } = scheduler();
    void subject.run({ name: 'a' });
    void subject.run({ name: 'suspect', alone: true });
    void subject.run({ name: 'b' });
    void subject.run({ name: 'c' });
    const beside = started();
    await end(0);
    const alone = started();

    await end(1);

    expect(beside).toEqual(['a']);
    expect(alone).toEqual(['a', 'suspect']);
    expect(started()).toEqual(['a', 'suspect', 'b', 'c']);
  });

  it('runs items that must be alone one at a time, before the others', async () => {
    const { clock, subject, started, end } = scheduler({ maxSize: 4 });
    void subject.run({ name: 'first', alone: true });
    void subject.run({ name: 'second', alone: true });
    void subject.run({ name: 'a' });
    void subject.run({ name: 'b' });
    await clock.advance(0);
    const before = started();
    await end(0);
    await end(1);

    expect(before).toEqual(['first']);
    expect(started()).toEqual(['first', 'second', 'a+b']);
  });

  it('starts nothing while it is closed', async () => {
    const { subject, started, open } = scheduler();
    open(false);
    void subject.run({ name: 'a' });
    const before = started();

    open(true);

    expect([before, started()]).toEqual([[], ['a']]);
  });

  it('lets a batch wait for others while something runs, but not for longer than it may', async () => {
    const { clock, subject, started } = scheduler({ maxSize: 3, maxWaitMs: 100 });
    void subject.run({ name: 'a' });
    await clock.advance(0);
    void subject.run({ name: 'b' });
    await clock.advance(60);
    void subject.run({ name: 'c' });
    await clock.advance(39);
    const before = started();

    await clock.advance(1);

    expect([before, started()]).toEqual([['a'], ['a', 'b+c']]);
  });

  it('gives back everything that waits when it is drained, and everything that comes later', async () => {
    const { subject, started } = scheduler({ slots: 1 });
    void subject.run({ name: 'a' });
    const waiting = [subject.run({ name: 'b' }), subject.run({ name: 'suspect', alone: true })];

    subject.drain();

    expect(await Promise.all([...waiting, subject.run({ name: 'c' })])).toEqual([undefined, undefined, undefined]);
    expect(started()).toEqual(['a']);
  });
});
