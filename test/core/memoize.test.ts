import { describe, expect, it } from 'vitest';
import { memoize } from '#core';
import { ManualClock } from '#test/support/manual-clock.ts';

/** Loads that the test ends, in the order of the calls. */
function prepare(options: { readonly maxEntries: number; readonly maxAgeMs?: number }) {
  const clock = new ManualClock(0);
  const asked: string[] = [];
  const answers: PromiseWithResolvers<string | undefined>[] = [];
  const load = memoize<string | undefined>(
    (key) => {
      asked.push(key);
      const answer = Promise.withResolvers<string | undefined>();
      answers.push(answer);
      return answer.promise;
    },
    { ...options, clock },
  );
  return { clock, asked, answers, load };
}

const settled = () => new Promise(setImmediate);

describe('memoize', () => {
  it('shares one load between callers, while it is under way and afterwards', async () => {
    const { asked, answers, load } = prepare({ maxEntries: 2 });

    const both = [load('a'), load('a')];
    answers[0]?.resolve('A');

    expect(await Promise.all([...both, load('a')])).toEqual(['A', 'A', 'A']);
    expect(asked).toEqual(['a']);
  });

  it('loads again once the value is as old as it may be, and not before', async () => {
    const { clock, asked, answers, load } = prepare({ maxEntries: 2, maxAgeMs: 1000 });
    void load('a');
    answers[0]?.resolve('A');

    await clock.advance(999);
    void load('a');
    expect(asked).toHaveLength(1);
    await clock.advance(1);
    void load('a');

    expect(asked).toHaveLength(2);
  });

  it('keeps a value for good without a clock', async () => {
    let loads = 0;
    const load = memoize(async () => ++loads, { maxEntries: 1 });

    expect([await load('a'), await load('a')]).toEqual([1, 1]);
  });

  it.each([
    ['failed', (answer: PromiseWithResolvers<string | undefined>) => answer.reject(new Error('away'))],
    ['found nothing', (answer: PromiseWithResolvers<string | undefined>) => answer.resolve(undefined)],
  ])('loads again after a load that %s', async (_, end) => {
    const { asked, answers, load } = prepare({ maxEntries: 2 });
    const first = load('a').catch(() => undefined);
    if (answers[0]) end(answers[0]);
    await first;
    await settled();

    const second = load('a');
    answers[1]?.resolve('A');

    expect(await second).toBe('A');
    expect(asked).toEqual(['a', 'a']);
  });

  it('keeps a newer value when an older load fails late', async () => {
    const { clock, asked, answers, load } = prepare({ maxEntries: 2, maxAgeMs: 1000 });
    const late = load('a').catch(() => 'failed');
    await clock.advance(1000);
    void load('a');
    answers[1]?.resolve('A');

    answers[0]?.reject(new Error('away'));

    expect(await late).toBe('failed');
    await settled();
    expect(await load('a')).toBe('A');
    expect(asked).toHaveLength(2);
  });

  it('forgets the value that was loaded first when there are too many', async () => {
    const { clock, asked, load } = prepare({ maxEntries: 2, maxAgeMs: 1000 });
    void load('a');
    void load('b');
    void load('a');
    expect(asked).toEqual(['a', 'b']);

    // `a` is loaded again, so that `b` is the oldest when `c` comes.
    await clock.advance(1000);
    void load('a');
    void load('c');
    void load('a');
    void load('c');

    expect(asked).toEqual(['a', 'b', 'a', 'c']);
    void load('b');
    expect(asked).toEqual(['a', 'b', 'a', 'c', 'b']);
  });
});
