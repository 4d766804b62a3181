import { describe, expect, it } from 'vitest';
import { Engine } from './engine/engine.ts';
import { SimClock } from './engine/sim-clock.ts';

const LIMIT = { untilMs: 1_000_000 };

describe('Engine', () => {
  it('runs events by time, and those of one time in the order in which they were made', async () => {
    const engine = new Engine(1);
    const actor = engine.spawn('actor');
    const seen: string[] = [];
    for (const [name, ms] of [
      ['c', 20],
      ['a', 10],
      ['d', 20],
      ['b', 10],
    ] as const) {
      engine.after(actor, ms, () => seen.push(`${name} at ${engine.now}`));
    }

    await engine.run(LIMIT);

    expect(seen).toEqual(['a at 10', 'b at 10', 'c at 20', 'd at 20']);
  });

  it('lets every promise callback of an event run before the next event', async () => {
    const engine = new Engine(1);
    const actor = engine.spawn('actor');
    const seen: string[] = [];
    engine.after(actor, 1, async () => {
      for (let i = 0; i < 50; i++) await undefined;
      seen.push('promises of the first');
    });
    engine.after(actor, 1, () => seen.push('second'));

    await engine.run(LIMIT);

    expect(seen).toEqual(['promises of the first', 'second']);
  });

  it('drops the events of an actor that died', async () => {
    const engine = new Engine(1);
    const [victim, killer] = [engine.spawn('victim'), engine.spawn('killer')];
    const seen: string[] = [];
    engine.after(victim, 10, () => seen.push('victim'));
    engine.after(killer, 5, () => {
      victim.isAlive = false;
    });

    await engine.run(LIMIT);

    expect(seen).toEqual([]);
  });

  it('postpones the events of an actor that stands still, in their order', async () => {
    const engine = new Engine(1);
    const actor = engine.spawn('actor');
    actor.frozenUntil = 100;
    const seen: string[] = [];
    engine.after(actor, 10, () => seen.push(`first at ${engine.now}`));
    engine.after(actor, 20, () => seen.push(`second at ${engine.now}`));

    await engine.run(LIMIT);

    expect(seen).toEqual(['first at 100', 'second at 100']);
  });

  it('gives actors clocks whose sleepers an abort wakes at once', async () => {
    const engine = new Engine(1);
    const actor = engine.spawn('actor');
    const clock = new SimClock(engine, actor);
    const stop = new AbortController();
    const woken: number[] = [];
    engine.after(actor, 0, async () => {
      await clock.sleep(500);
      woken.push(engine.now);
      await clock.sleep(500, stop.signal);
      woken.push(engine.now);
    });
    engine.after(actor, 700, () => stop.abort());

    await engine.run(LIMIT);

    expect(woken).toEqual([500, 700]);
  });
});
