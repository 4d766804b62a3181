import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DEFAULT_RULE,
  decideRollout,
  emptyTally,
  errorRateOf,
  isInShare,
  isTally,
  keyOf,
  latencyOf,
  placeOf,
  presentRule,
  readRule,
  sumTallies,
  TallyCounter,
  type VersionTally,
} from '#core';

const anyTally = (version: string): fc.Arbitrary<VersionTally> =>
  fc
    .record({ tasks: fc.nat({ max: 1000 }), failedShare: fc.double({ min: 0, max: 1, noNaN: true }), ms: fc.nat(500) })
    .map(({ tasks, failedShare, ms }) => tallyOf(version, { tasks, failed: Math.floor(tasks * failedShare), ms }));

function tallyOf(version: string, { tasks = 0, failed = 0, ms = 1 }): VersionTally {
  const counter = new TallyCounter(version);
  for (let at = 0; at < tasks; at++) at < failed ? counter.failed() : counter.answered(ms);
  return counter.tally;
}

const judge = (candidate: VersionTally, champion: VersionTally, elapsedSeconds = 1000, drift?: string) =>
  decideRollout({ rule: DEFAULT_RULE, candidate, champion, elapsedSeconds, drift });

describe('the share of a canary', () => {
  it.each(['uuid', 'counter', 'customer'])('is 10 % of 5,000 keys of the kind %s, within 2 %', (kind) => {
    for (const salt of ['2', '3', 'a longer version']) {
      const keys = Array.from({ length: 5000 }, (_, at) => (kind === 'uuid' ? randomUUID() : `${kind}-${at}`));

      const routed = keys.filter((key) => isInShare(key, { salt, share: 0.1 })).length;

      expect(routed).toBeGreaterThan(400);
      expect(routed).toBeLessThan(600);
    }
  });

  it('keeps every key where it is, also when the share grows', () => {
    const shares = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }));
    fc.assert(
      fc.property(fc.string(), fc.string(), shares, (key, salt, [a, b]) => {
        const [smaller, larger] = [Math.min(a, b), Math.max(a, b)];
        expect(placeOf(key, salt)).toBe(placeOf(key, salt));
        if (isInShare(key, { salt, share: smaller })) expect(isInShare(key, { salt, share: larger })).toBe(true);
        expect(isInShare(key, { salt, share: 1 })).toBe(true);
        expect(isInShare(key, { salt, share: 0 })).toBe(false);
      }),
    );
  });

  it('keeps every key where earlier builds have it', () => {
    expect(placeOf('customer-1', '2')).toBe(2041610370 / 2 ** 32);
    expect(placeOf('customer-2', '2')).toBe(3145413760 / 2 ** 32);
    expect(placeOf('customer-1', '3')).toBe(1609738816 / 2 ** 32);
    expect(placeOf('', '')).toBe(414626237 / 2 ** 32);
  });

  it('sends other keys to another version', () => {
    const keys = Array.from({ length: 5000 }, (_, at) => `customer-${at}`);

    const both = keys.filter(
      (key) => isInShare(key, { salt: '2', share: 0.1 }) && isInShare(key, { salt: '3', share: 0.1 }),
    );

    expect(both.length).toBeLessThan(100);
  });

  it('uses the routing key where it is asked for and there is one', () => {
    const task = { taskId: 'task', routingKey: 'NLD' };

    expect(keyOf(task, 'entity')).toBe('NLD');
    expect(keyOf(task, 'header')).toBe('NLD');
    expect(keyOf(task, 'task')).toBe('task');
    expect(keyOf(task, 'idempotency_key')).toBe('task');
    expect(keyOf({ taskId: 'task' }, 'entity')).toBe('task');
  });
});

describe('the decision on a roll-out', () => {
  it('promotes only enough samples within all limits', () => {
    fc.assert(
      fc.property(anyTally('2'), anyTally('1'), fc.nat(200), (candidate, champion, seconds) => {
        const { decision, reasons } = judge(candidate, champion, seconds);

        expect(reasons.length).toBeGreaterThan(0);
        if (decision !== 'promote') return;
        expect(candidate.tasks).toBeGreaterThanOrEqual(DEFAULT_RULE.minSamples);
        expect(seconds).toBeGreaterThanOrEqual(DEFAULT_RULE.minSeconds);
        expect(candidate.failed / candidate.tasks).toBeLessThanOrEqual(
          champion.failed / Math.max(1, champion.tasks) + DEFAULT_RULE.maxErrorRate,
        );
      }),
    );
  });

  it('never spares a version that fails more', () => {
    fc.assert(
      fc.property(anyTally('2'), anyTally('1'), fc.nat(1000), (candidate, champion, more) => {
        const worse = { ...candidate, tasks: candidate.tasks + more, failed: candidate.failed + more };

        if (judge(candidate, champion).decision === 'roll-back' && worse.failed / worse.tasks > 0.05)
          expect(judge(worse, champion).decision).not.toBe('promote');
      }),
    );
  });

  it('never rolls back a version that answers like the other one', () => {
    fc.assert(
      fc.property(anyTally('1'), (tally) => {
        const hasAllFailed = tally.tasks >= 5 && tally.failed === tally.tasks;
        const { decision } = judge({ ...tally, version: '2' }, tally);

        if (!hasAllFailed) expect(decision).not.toBe('roll-back');
      }),
    );
  });

  it('rolls back after five tasks that have all failed, and after a share of twenty', () => {
    const champion = tallyOf('1', { tasks: 100 });

    expect(judge(tallyOf('2', { tasks: 4, failed: 4 }), champion).decision).toBe('wait');
    expect(judge(tallyOf('2', { tasks: 5, failed: 5 }), champion).decision).toBe('roll-back');
    expect(judge(tallyOf('2', { tasks: 19, failed: 9 }), champion).decision).toBe('wait');
    expect(judge(tallyOf('2', { tasks: 20, failed: 9 }), champion)).toMatchObject({
      decision: 'roll-back',
      reasons: ['It failed 9 of 20 tasks (45 %); the limit is 5 %.'],
    });
  });

  it('rolls back a slow version and one whose inputs drift', () => {
    const champion = tallyOf('1', { tasks: 300, ms: 20 });

    expect(judge(tallyOf('2', { tasks: 300, ms: 20 }), champion).decision).toBe('promote');
    expect(judge(tallyOf('2', { tasks: 300, ms: 100 }), champion).reasons[0]).toContain('latency (p95)');
    expect(judge(tallyOf('2', { tasks: 300, ms: 20 }), champion, 1000, 'Drift of rate.')).toEqual({
      decision: 'roll-back',
      reasons: ['Drift of rate.'],
    });
  });

  it('does not take a few slow tasks of a pause for a slow version, and promotes when they are few enough', () => {
    const champion = tallyOf('1', { tasks: 300, ms: 20 });
    const paused = (tasks: number, slow: number) =>
      judge(
        sumTallies('2', [tallyOf('2', { tasks: tasks - slow, ms: 20 }), tallyOf('2', { tasks: slow, ms: 1000 })]),
        champion,
      );

    expect(paused(20, 4).decision).toBe('wait');
    expect(paused(20, 5)).toEqual({
      decision: 'roll-back',
      reasons: [expect.stringContaining('which 5 of 20 tasks exceed.')],
    });
    expect(paused(300, 30).decision).toBe('wait');
    expect(paused(300, 31).decision).toBe('roll-back');
    expect(paused(300, 15).decision).toBe('promote');
    // At the limit itself: the latencies of both are in one bucket.
    expect(judge(tallyOf('2', { tasks: 300, ms: 20 }), champion).reasons).toContain(
      'Its latency (p95) is 22.6 ms; the limit is 67.9 ms, which 0 of 300 tasks exceed.',
    );
    const rule = { ...DEFAULT_RULE, maxLatencyMs: latencyOf(champion, 0.95) ?? 0 };
    expect(decideRollout({ rule, candidate: champion, champion, elapsedSeconds: 1000 })).toMatchObject({
      decision: 'promote',
      reasons: expect.arrayContaining([expect.stringContaining('the limit is 22.6 ms, which 0 of 300')]),
    });
  });

  it('compares the latency of a shadow with a limit in milliseconds only', () => {
    const champion = tallyOf('1', { tasks: 300, ms: 20 });
    const input = { candidate: tallyOf('2', { tasks: 300, ms: 500 }), champion, elapsedSeconds: 1000, isShadow: true };
    const rule = { ...DEFAULT_RULE, promote: false };

    expect(decideRollout({ ...input, rule }).decision).toBe('wait');
    expect(decideRollout({ ...input, rule: { ...rule, maxLatencyMs: 100 } }).decision).toBe('roll-back');
  });

  it('does not promote a version with a higher error in use', () => {
    const tally = tallyOf('2', { tasks: 300 });
    const input = { rule: DEFAULT_RULE, candidate: tally, champion: tally, elapsedSeconds: 1000 };
    const errors = { metric: 'rmse', candidate: 0.5, champion: 0.4, outcomes: 100 };

    expect(decideRollout({ ...input, errors }).decision).toBe('wait');
    expect(decideRollout({ ...input, errors: { ...errors, candidate: 0.3 } }).decision).toBe('promote');
  });

  it('promotes from the least samples and seconds on, with an error that is as high', () => {
    const tally = tallyOf('2', { tasks: DEFAULT_RULE.minSamples });
    const input = { rule: DEFAULT_RULE, candidate: tally, champion: tally, elapsedSeconds: DEFAULT_RULE.minSeconds };
    const errors = { metric: 'rmse', candidate: 0.4, champion: 0.4, outcomes: 100 };

    expect(decideRollout({ ...input, errors })).toEqual({
      decision: 'promote',
      reasons: [
        'It has ended 200 tasks; at least 200 are needed.',
        'It has run for 60 s; at least 60 s are needed.',
        'Its rmse of 0.4 on 100 outcomes must not be above 0.4 of the deployed version.',
        'It failed 0 of 200 tasks (0 %); the limit is 5 %.',
        'Its latency (p95) is 1 ms; the limit is 30 ms, which 0 of 200 tasks exceed.',
        'No drift from its training data is known.',
      ],
    });
    expect(decideRollout({ ...input, elapsedSeconds: 59.9 }).decision).toBe('wait');
    expect(decideRollout({ ...input, candidate: tallyOf('2', { tasks: 199 }) }).decision).toBe('wait');
  });

  it('says of latencies what it knows of enough answers, and nothing of fewer', () => {
    const rule = { ...DEFAULT_RULE, maxLatencyMs: 500, maxErrorRate: 1 };
    const reasonsOf = (candidate: VersionTally, champion: VersionTally) =>
      decideRollout({ rule, candidate, champion, elapsedSeconds: 1 }).reasons.filter((each) => each.includes('p95'));
    const [few, enough, failed] = [
      tallyOf('2', { tasks: 19 }),
      tallyOf('2', { tasks: 20 }),
      tallyOf('2', { tasks: 21, failed: 2 }),
    ];

    expect(reasonsOf(few, enough)).toEqual([]);
    expect(reasonsOf(failed, enough)).toEqual([]);
    expect(reasonsOf(enough, few)).toHaveLength(1);
    expect(reasonsOf(enough, failed)).toHaveLength(1);
    expect(reasonsOf(enough, enough)).toHaveLength(2);
    expect(reasonsOf(emptyTally('2'), enough)).toEqual([]);
  });

  it('spares a version at the limit of failures, and one that fails all where all fail', () => {
    const champion = tallyOf('1', { tasks: 100 });

    expect(judge(tallyOf('2', { tasks: 20, failed: 1 }), champion).decision).toBe('wait');
    expect(judge(tallyOf('2', { tasks: 20, failed: 2 }), champion).decision).toBe('roll-back');
    expect(judge(tallyOf('2', { tasks: 20, failed: 20 }), tallyOf('1', { tasks: 20, failed: 19 }))).toMatchObject({
      decision: 'wait',
      reasons: expect.arrayContaining(['It failed 20 of 20 tasks (100 %); the limit is 100 %.']),
    });
  });

  it('does not promote while both versions drift, and does not roll back for it', () => {
    const tally = tallyOf('2', { tasks: 300 });
    const input = { rule: DEFAULT_RULE, candidate: tally, champion: tally, elapsedSeconds: 1000 };

    expect(decideRollout({ ...input, sharedDrift: 'Both drift.' })).toMatchObject({
      decision: 'wait',
      reasons: expect.arrayContaining(['Both drift.']),
    });
    expect(decideRollout({ ...input, sharedDrift: 'Both drift.', drift: 'It drifts.' })).toEqual({
      decision: 'roll-back',
      reasons: ['It drifts.'],
    });
    const rule = { ...DEFAULT_RULE, onDrift: false };
    for (const drift of [undefined, 'It drifts.']) {
      const { decision, reasons } = decideRollout({ ...input, rule, drift, sharedDrift: 'Both drift.' });
      expect(decision).toBe('promote');
      expect(reasons.join()).not.toContain('drift');
    }
  });

  it('waits for ever with `promote: false`', () => {
    const tally = tallyOf('2', { tasks: 300 });
    const rule = { ...DEFAULT_RULE, promote: false };

    expect(decideRollout({ rule, candidate: tally, champion: tally, elapsedSeconds: 1e6 }).decision).toBe('wait');
  });
});

describe('tallies', () => {
  it('sum up to what one process would have counted', () => {
    const first = tallyOf('2', { tasks: 10, failed: 2, ms: 3 });
    const second = tallyOf('2', { tasks: 30, failed: 1, ms: 50 });

    const sum = sumTallies('2', [first, second, tallyOf('1', { tasks: 7 })]);

    expect(sum).toMatchObject({ tasks: 40, failed: 3 });
    expect(latencyOf(sum, 0.95)).toBeGreaterThanOrEqual(50);
    expect(latencyOf(sum, 0.1)).toBeLessThan(5);
    expect(sumTallies('9', [first])).toMatchObject(emptyTally('9'));
  });

  it('have the latency of each answer, also of the fastest and the slowest', () => {
    const tally = (ms: number) => tallyOf('1', { tasks: 1, ms });

    expect(tally(0).latencies).toEqual([1]);
    expect(tally(0.25).latencies).toEqual([1]);
    expect(tally(0.26).latencies).toEqual([0, 1]);
    expect(tally(1).latencies).toEqual([0, 0, 0, 0, 1]);
    expect(tally(1e9).latencies).toHaveLength(40);
    expect(latencyOf(tally(1), 0.95)).toBeCloseTo(1);
    expect(latencyOf(emptyTally('1'), 0.95)).toBeUndefined();
  });

  it('count what was left out only where there is some', () => {
    const counter = new TallyCounter('2');
    expect(counter.tally).toEqual(emptyTally('2'));

    counter.dropped();
    counter.dropped();
    counter.failed();

    expect(counter.tally).toEqual({ version: '2', tasks: 1, failed: 1, dropped: 2, latencies: [] });
    expect(sumTallies('2', [counter.tally, tallyOf('2', { tasks: 1 }), counter.tally]).dropped).toBe(4);
    expect(errorRateOf(counter.tally)).toBe(1);
    expect(errorRateOf(emptyTally('2'))).toBe(0);
  });

  it('of a registry are told from other values', () => {
    expect(isTally(emptyTally('2'))).toBe(true);
    expect(isTally({ ...emptyTally('2'), startedAt: 5, dropped: 1 })).toBe(true);
    const others = [
      { version: 2 },
      { startedAt: Number.NaN },
      { tasks: -1 },
      { tasks: 1.5 },
      { failed: '0' },
      { latencies: {} },
    ];
    for (const wrong of others) expect(isTally({ ...emptyTally('2'), ...wrong })).toBe(false);
    for (const wrong of [undefined, null, 3, 'tally']) expect(isTally(wrong)).toBe(false);
  });

  it('know latencies within a factor of the square root of 2', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.3, max: 100_000, noNaN: true }), (ms) => {
        const known = latencyOf(tallyOf('1', { tasks: 1, ms }), 0.95) ?? 0;

        expect(known).toBeGreaterThanOrEqual(ms * 0.999);
        expect(known).toBeLessThanOrEqual(ms * Math.SQRT2 * 1.001);
      }),
    );
  });
});

describe('the rule of a request', () => {
  it('has defaults, refuses unknown and invalid fields, and is shown as it was given', () => {
    expect(readRule(undefined)).toEqual(DEFAULT_RULE);
    expect(readRule({ min_samples: 5, promote: false })).toMatchObject({ minSamples: 5, promote: false });
    expect(readRule({ min_sample: 5 })).toMatchObject({ field: 'min_sample' });
    for (const edge of [{ min_samples: 1 }, { max_error_rate: 0 }, { max_error_rate: 1 }, { min_seconds: 0 }])
      expect(readRule(edge)).not.toHaveProperty('must');
    for (const [field, value] of Object.entries({ min_samples: 1.5, max_error_rate: 2, promote: 1, min_seconds: -1 }))
      expect(readRule({ [field]: value })).toMatchObject({ field });
    expect(readRule([])).toMatchObject({ must: 'an object' });
    expect(readRule(JSON.parse('{"__proto__": 1}'))).toMatchObject({ field: '__proto__' });
    expect(presentRule(DEFAULT_RULE)).toMatchObject({ min_samples: 200, on_drift: true });
  });
});
