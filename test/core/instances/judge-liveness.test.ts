import { describe, expect, it } from 'vitest';
import { HEARTBEAT_TTL_MS, type Instance } from '#core';
import { anInstance } from '#test/support/registry.ts';
import { createLivenessJudge } from '../../../lib/core/instances/instance.ts';

const NOW = 1_000_000_000;
const HOUR = 3_600_000;
const beaten = (heartbeatAt: number): Instance =>
  anInstance({ heartbeatAt, expiresAt: heartbeatAt + HEARTBEAT_TTL_MS });
const aliveAt = (instances: readonly Instance[], now: number) => (instances[0]?.expiresAt ?? 0) > now;

describe('the judge of liveness', () => {
  it('takes a plausible timestamp at its word', () => {
    const judge = createLivenessJudge();

    const judged = judge([beaten(NOW - 12_000)], NOW);

    expect(judged[0]?.expiresAt).toBe(NOW - 12_000 + HEARTBEAT_TTL_MS);
  });

  it('does not believe a heartbeat from the future, however often it is read', () => {
    const judge = createLivenessJudge();

    const looks = [0, 5000, 10_000].map((later) => aliveAt(judge([beaten(NOW + HOUR)], NOW + later), NOW + later));

    expect(looks).toEqual([false, false, false]);
  });

  for (const [kind, skew] of [
    ['ahead', HOUR],
    ['behind', -HOUR],
  ] as const) {
    it(`believes an instance whose clock is ${kind} once it was seen to beat, and lets it go when it stops`, () => {
      const judge = createLivenessJudge();
      judge([beaten(NOW + skew)], NOW);

      const afterBeat = judge([beaten(NOW + skew + 10_000)], NOW + 10_000);
      const silent = judge([beaten(NOW + skew + 10_000)], NOW + 10_000 + HEARTBEAT_TTL_MS);

      expect(aliveAt(afterBeat, NOW + 10_000)).toBe(true);
      expect(aliveAt(silent, NOW + 10_000 + HEARTBEAT_TTL_MS)).toBe(false);
    });
  }

  it('lets an instance that stopped beating go after three missed heartbeats', () => {
    const judge = createLivenessJudge();
    judge([beaten(NOW)], NOW);
    judge([beaten(NOW + 10_000)], NOW + 12_000);

    const judged = judge([beaten(NOW + 10_000)], NOW + 10_000 + HEARTBEAT_TTL_MS);

    expect(aliveAt(judged, NOW + 10_000 + HEARTBEAT_TTL_MS)).toBe(false);
  });

  it('takes a heartbeat for plausible that is five seconds off, and no more', () => {
    const expiryOf = (heartbeatAt: number) => {
      const judge = createLivenessJudge();
      judge([beaten(NOW)], NOW);
      judge([beaten(heartbeatAt)], NOW + 10_000);
      return judge([beaten(heartbeatAt)], NOW + 11_000)[0]?.expiresAt;
    };

    const now = NOW + 10_000;
    expect(expiryOf(NOW - 5000)).toBe(NOW - 5000 + HEARTBEAT_TTL_MS);
    expect(expiryOf(NOW - 5001)).toBe(now + HEARTBEAT_TTL_MS);
    expect(expiryOf(NOW + 4000)).toBe(NOW + 4000 + HEARTBEAT_TTL_MS);
    expect(expiryOf(now + 5000)).toBe(now + 1000 + HEARTBEAT_TTL_MS);
    expect(expiryOf(now + 5001)).toBe(now + HEARTBEAT_TTL_MS);
  });
});
