import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { LoopDelay } from '#gateway/loop-delay.ts';

function work(ms: number): void {
  for (const endsAt = performance.now() + ms; performance.now() < endsAt; );
}

describe('the delay of the event loop', () => {
  it('tells how long a turn has handled requests, and begins again with the next turn', async () => {
    const loop = new LoopDelay();

    const first = loop.arrive();
    work(30);
    const second = loop.arrive();
    await nextTurn();
    await nextTurn();
    const ofNextTurn = loop.arrive();

    expect(first).toMatchObject({ place: 1 });
    expect(second.place).toBe(2);
    expect(second.sinceFirstMs).toBeGreaterThanOrEqual(30);
    expect(ofNextTurn).toEqual({ sinceFirstMs: 0, place: 1 });
  });

  it('is known once the turn after a request has ended', async () => {
    const loop = new LoopDelay();
    loop.arrive();
    expect(loop.turnMs).toBe(0);

    for (let turns = 0; turns < 4; turns++) await nextTurn();

    expect(loop.turnMs).toBeGreaterThan(0);
  });
});
